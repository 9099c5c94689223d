/** A piece of this size or more is kept as it arrived. Smaller pieces are joined, because each piece takes more memory than its bytes. */
const KEPT_BYTES = 16 * 1024;
const BLOCK_BYTES = 64 * 1024;

/** A body in the pieces in which it arrived. It is in memory once, until `bytes` joins the pieces. */
export class ReceivedBody {
  readonly #parts: Buffer[] = [];
  /** The free part of the block that small pieces are copied into, and how many bytes of it are used. */
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

  /** All bytes in one buffer, which takes their memory a second time. */
  bytes(): Buffer {
    return Buffer.concat(this.parts(), this.#length);
  }

  /** Frees the memory at once, without waiting for the garbage collector. The body must not be used afterwards. */
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
