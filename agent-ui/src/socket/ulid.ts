const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Fills a buffer with random bytes; `crypto.getRandomValues` in a browser. */
export type RandomBytes = (n: number) => Uint8Array

/** Mints a ULID: 10 characters of time (ms), 16 of chance. */
export function ulid(nowMs: number, random: RandomBytes): string {
  let time = ''
  for (let rest = Math.floor(nowMs), i = 0; i < 10; i++, rest = Math.floor(rest / 32)) {
    time = alphabet.charAt(rest % 32) + time
  }
  let chance = ''
  for (const byte of random(16)) chance += alphabet.charAt(byte & 31)
  return time + chance
}
