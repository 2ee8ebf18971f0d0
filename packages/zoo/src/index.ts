export { zooModel, zooNames, type ZooAdvice, type ZooModel, type ZooName, type ZooTextEncoder } from './zoo.ts';
export { zooClassifier, type ZooClassifier, type ZooClassifierName } from './classifier.ts';
