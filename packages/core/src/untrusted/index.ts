export { parseJson, type ParseJsonOptions } from './parse-json.ts';
export { booleanOf, elementsOf, integerOf, membersOf, nameOf, numberOf, objectOf, pairOf, refuse, textOf, type Placed } from './json-reader.ts';
export { printable, shown, shownName } from './printable.ts';
