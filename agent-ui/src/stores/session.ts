import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, outcome, type ErrorBody, type Schemas } from '../api/client'

export type Account = Schemas['Account']

/** Who is signed in here. */
export const useSession = defineStore('session', () => {
  const account = ref<Account | null>(null)
  /** Why the desk came back to the sign-in page. */
  const farewell = ref<'expired' | 'kicked' | null>(null)

  /** Asks the node; false when nobody is, or it cannot be reached. */
  async function resume(): Promise<boolean> {
    const r = await outcome(api.GET('/session'))
    account.value = r.ok ? r.data : null
    return r.ok
  }

  async function signIn(name: string, password: string): Promise<ErrorBody | null> {
    const r = await outcome(api.POST('/session', { body: { account: name, password } }))
    if (!r.ok) return r.error
    account.value = r.data
    farewell.value = null
    return null
  }

  async function signOut(): Promise<void> {
    await outcome(api.DELETE('/session'))
    account.value = null
  }

  /** May see the board and why it is so. */
  const senior = computed(() => account.value !== null && account.value.role !== 'agent')

  return { account, senior, farewell, resume, signIn, signOut }
})
