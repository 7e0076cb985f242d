/** Signs for the log: a key file, or a service that keeps the key. */
export interface CheckpointSigner {
  /** `name+id+base64` of an Ed25519 key; its name is the origin of the log. */
  readonly vkey: string;

  /**
   * The Ed25519 signature of a message, 64 bytes. Only ever asked for what is durable. MUST answer or reject within ten
   * seconds; until it has answered, no event is acknowledged.
   */
  sign(message: Uint8Array): Promise<Uint8Array>;
}
export const CheckpointSigner = Symbol('CheckpointSigner');
