export { wrapText } from '@procache/pictures/wrap';
