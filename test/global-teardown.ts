/** Ends the emulator that global-setup.ts started. */
export default function globalTeardown(): void {
  (globalThis as {slipwayEmulator?: {stop(): void}}).slipwayEmulator?.stop();
}
