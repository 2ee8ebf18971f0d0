export { parseJson, type ParseJsonOptions } from './parse-json.ts';
export {
  booleanOf,
  elementsOf,
  integerOf,
  isJsonObject,
  listOf,
  memberOf,
  membersOf,
  nameOf,
  numberOf,
  objectOf,
  pairOf,
  refuse,
  textOf,
  type Placed,
} from './json-reader.ts';
export { listedNames, type ListedNamesOptions } from './listed-names.ts';
export { checkOptions, type Fields } from './options.ts';
export { printable, shown, shownName } from './printable.ts';
export { messageOf } from './thrown.ts';
