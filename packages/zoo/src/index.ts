export { zooModel, zooNames, type ZooModel, type ZooTextEncoder } from './zoo.ts';
export { zooClassifier, zooClassifierNames, type ZooClassifier } from './classifier.ts';
