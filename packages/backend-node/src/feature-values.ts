/**
 * The numbers of a feature of a transformer in this thread, which end with its release. Those of one in a worker thread
 * are handles and have none.
 */
export function featureValues(feature: unknown): Float32Array {
  const data = typeof feature === 'object' && feature !== null && 'data' in feature ? feature.data : undefined;
  if (data instanceof Float32Array) return data;
  throw new Error('a feature can be read only where it was computed; open the transformer with thread: main');
}
