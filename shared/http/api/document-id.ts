/** Whether Firestore takes it for an id; no document of ours has one that it refuses. @see https://firebase.google.com/docs/firestore/quotas#limits */
export function isDocumentId(id: string): boolean {
  return !/^(\.\.?|__.*__|.*\/.*)$/.test(id);
}
