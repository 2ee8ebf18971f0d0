export { zooModel, zooNames, type ZooModel } from './zoo.ts';
export { zooClassifier, zooClassifierNames, type ZooClassifier } from './classifier.ts';
