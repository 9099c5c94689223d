/** One collection in memory, and which of its documents have a value in a field: a query reads what fits it, however much is stored. */
export class IndexedCollection<Document extends object> {
  readonly documents = new Map<string, Document>();
  /** Field → value → ids; a field from the first query on that asks for it. */
  readonly #indexes = new Map<string, Map<unknown, Set<string>>>();

  set(id: string, document: Document): void {
    this.delete(id);
    this.documents.set(id, document);
    for (const [field, index] of this.#indexes) add(index, fieldOf(document, field), id);
  }

  delete(id: string): void {
    const before = this.documents.get(id);
    if (!before) return;
    this.documents.delete(id);
    for (const [field, index] of this.#indexes) {
      const value = fieldOf(before, field);
      const ids = index.get(value);
      ids?.delete(id);
      if (ids?.size === 0) index.delete(value);
    }
  }

  /** Those that have all these values; in no order. */
  *where(fields: Readonly<Record<string, unknown>>): Generator<[string, Document]> {
    const wanted = Object.entries(fields);
    const narrowed = wanted.map(([field, value]) => this.#index(field).get(value) ?? new Set<string>());
    const fewest = narrowed.reduce<Set<string> | undefined>(
      (best, ids) => (best && best.size <= ids.size ? best : ids),
      undefined,
    );
    for (const id of fewest ?? this.documents.keys()) {
      const document = this.documents.get(id);
      if (document && wanted.every(([field, value]) => fieldOf(document, field) === value)) yield [id, document];
    }
  }

  #index(field: string): Map<unknown, Set<string>> {
    const known = this.#indexes.get(field);
    if (known) return known;
    const index = new Map<unknown, Set<string>>();
    for (const [id, document] of this.documents) add(index, fieldOf(document, field), id);
    this.#indexes.set(field, index);
    return index;
  }
}

function add(index: Map<unknown, Set<string>>, value: unknown, id: string): void {
  const ids = index.get(value);
  if (ids) ids.add(id);
  else index.set(value, new Set([id]));
}

function fieldOf(document: object, field: string): unknown {
  return (document as Record<string, unknown>)[field];
}
