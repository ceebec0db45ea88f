import createClient from 'openapi-fetch'
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type ErrorBody = Schemas['ErrorBody']

/** The REST side; cookies carry the session. */
export const api = createClient<paths>({ baseUrl: '/api/v1', credentials: 'same-origin' })

/** A call's outcome: data, or why not. `unreachable` when there was no answer at all. */
export type Outcome<T> =
  | { ok: true; data: T; status: number }
  | { ok: false; status: number; error: ErrorBody; raw: unknown }

/** Unwraps an openapi-fetch result, also one that threw. */
export async function outcome<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Outcome<T>> {
  try {
    const { data, error, response } = await call
    if (response.ok) return { ok: true, data: data as T, status: response.status }
    return { ok: false, status: response.status, error: errorBody(error, response.status), raw: error }
  } catch {
    return { ok: false, status: 0, error: { code: 'unavailable', message: '' }, raw: null }
  }
}

function errorBody(error: unknown, status: number): ErrorBody {
  const body = (error as { error?: ErrorBody } | null | undefined)?.error
  if (body?.code) return body
  return { code: status === 401 ? 'unauthenticated' : status === 404 ? 'not_found' : 'unavailable', message: '' }
}
