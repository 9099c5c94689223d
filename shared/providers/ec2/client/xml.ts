import {XMLParser} from 'fast-xml-parser';

/** An element of an answer: its text, or its children by their names. */
export type XmlElement = string | {readonly [name: string]: XmlElement | readonly XmlElement[]};

// Every value stays a text: an id of digits alone is no number. A list has its entries in `item` or `member`, also when there is one.
const PARSER = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  isArray: (name) => name === 'item' || name === 'member' || name === 'Error',
});

/** The children of the root element. Undefined: the text is no XML. */
export function parseXml(text: string): XmlElement | undefined {
  if (!/^\s*</.test(text)) return undefined;
  try {
    const document: unknown = PARSER.parse(text);
    const [root] = isElement(document) ? Object.values(document) : [];
    return root === undefined || Array.isArray(root) ? undefined : (root as XmlElement);
  } catch {
    return undefined;
  }
}

/** The element at the path; undefined: there is none. */
export function elementAt(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let current = element;
  for (const name of path) {
    const child = isElement(current) ? current[name] : undefined;
    current = Array.isArray(child) ? (child as readonly XmlElement[])[0] : (child as XmlElement | undefined);
  }
  return current;
}

/** The text at the path; empty if there is none. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string {
  const found = elementAt(element, ...path);
  return typeof found === 'string' ? found : '';
}

/** The entries of a list; none if there is no list. */
export function itemsOf(element: XmlElement | undefined, list: string): readonly XmlElement[] {
  const found = elementAt(element, list);
  const items = isElement(found) ? found['item'] : undefined;
  return Array.isArray(items) ? (items as readonly XmlElement[]) : [];
}

function isElement(value: unknown): value is {readonly [name: string]: XmlElement | readonly XmlElement[]} {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
