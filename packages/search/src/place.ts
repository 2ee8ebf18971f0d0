import { shown } from '@procache/core/untrusted';

/** The place of a member, as people write it: `header.versions`, `smoothcache["attn-0"]`. */
export function memberPlace(place: string, key: string): string {
  if (!/^[A-Za-z_]\w*$/.test(key)) return `${place}[${shown(key)}]`;
  return place === '' ? key : `${place}.${key}`;
}
