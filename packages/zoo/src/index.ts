export { zooModel, zooNames, type ZooModel } from './zoo.ts';
