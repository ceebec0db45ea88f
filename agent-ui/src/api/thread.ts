import { outcome, type Outcome, type Schemas } from './client'

/** Reads a conversation after a number, a page at a time. */
export function readThread(contact: string, after: number): Promise<Outcome<Schemas['Thread']>> {
  return outcome(fetchThread(contact, after))
}

async function fetchThread(contact: string, after: number): Promise<{ data?: Schemas['Thread']; error?: unknown; response: Response }> {
  const response = await fetch(`/api/v1/contacts/${encodeURIComponent(contact)}/messages?after=${after}&limit=100`, { credentials: 'same-origin' })
  const body: unknown = await response.json().catch(() => undefined)
  return response.ok ? { data: body as Schemas['Thread'], response } : { error: body, response }
}
