export { Editor } from './editor';
export type { EditorOptions } from './editor';
export type { Author, Host } from './host';
export * as commands from './commands';
export { fragmentFromHtml, fragmentFromText } from './fragment';
export { drawScreenful } from './screenful';
