import { ulid, type World } from '../socket'

export const randomBytes: World['random'] = (n) => crypto.getRandomValues(new Uint8Array(n))

/** A ULID of now. */
export function newId(): string {
  return ulid(Date.now(), randomBytes)
}

const place = 'hotline.tab'

/** The same for the life of a tab, reloads included. A copied tab mints its own with `fresh`. */
export function tabId(fresh = false): string {
  const kept = fresh ? null : sessionStorage.getItem(place)
  const id = kept ?? newId()
  sessionStorage.setItem(place, id)
  return id
}
