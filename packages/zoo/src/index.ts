export { zooModel, zooNames, type ZooModel, type ZooName, type ZooTextEncoder } from './zoo.ts';
export { zooClassifier, zooClassifierNames, type ZooClassifier, type ZooClassifierName } from './classifier.ts';
