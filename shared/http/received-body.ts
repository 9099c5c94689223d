/** From here on a piece is kept as it came; smaller ones are put together, as each costs more than its bytes. */
const KEPT_BYTES = 16 * 1024;
const BLOCK_BYTES = 64 * 1024;

/** A body as it arrived, in pieces: in memory once, until somebody asks for all of it in one. */
export class ReceivedBody {
  readonly #parts: Buffer[] = [];
  /** What is left of the block that small pieces go into, and how much of that is used. */
  #block = Buffer.alloc(0);
  #used = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    this.#length += piece.length;
    if (piece.length >= KEPT_BYTES) {
      this.#endPart();
      this.#parts.push(piece);
      return;
    }
    for (let at = 0; at < piece.length; ) {
      if (this.#used === this.#block.length) {
        this.#endPart();
        this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      }
      const copied = piece.copy(this.#block, this.#used, at);
      this.#used += copied;
      at += copied;
    }
  }

  /** All bytes, in order. */
  parts(): readonly Buffer[] {
    return [...this.#parts, this.#block.subarray(0, this.#used)];
  }

  /** All bytes in one, which takes their memory once more. */
  bytes(): Buffer {
    return Buffer.concat(this.parts(), this.#length);
  }

  /** Gives its memory back now; the collector of garbage takes its time. Nobody may use it afterwards. */
  release(): void {
    for (const {buffer, byteLength} of this.#parts) {
      if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0);
    }
    this.#parts.length = 0;
    this.#block = Buffer.alloc(0);
    this.#used = 0;
  }

  #endPart(): void {
    if (this.#used === 0) return;
    this.#parts.push(this.#block.subarray(0, this.#used));
    this.#block = this.#block.subarray(this.#used);
    this.#used = 0;
  }
}
