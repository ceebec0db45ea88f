import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import { api, outcome } from '../api/client'
import { indexes, type Directory, type Indexes } from '../form/directory'
import { tWord } from '../i18n/t'

/** The delegation directory, loaded once a shift. */
export const useDirectory = defineStore('directory', () => {
  const directory = shallowRef<Directory | null>(null)
  const index = computed<Indexes | null>(() => directory.value && indexes(directory.value, (kind) => tWord('unit', kind)))
  const failed = ref(false)

  async function load(): Promise<void> {
    if (directory.value) return
    const r = await outcome(api.GET('/directory'))
    failed.value = !r.ok
    if (!r.ok) return
    directory.value = r.data
  }

  /** An item's record, for its category and deadline. */
  function item(code: string): Directory['items'][number] | undefined {
    return directory.value?.items.find((i) => i.code === code)
  }

  return { directory, index, failed, load, item }
})
