export { zooModel, zooNames, type ZooModel, type ZooTextEncoder } from './zoo.ts';
export { zooEntries, type ZooAdvice, type ZooEntry, type ZooName } from './catalogue.ts';
export { zooClassifier, type ZooClassifier, type ZooClassifierName } from './classifier.ts';
