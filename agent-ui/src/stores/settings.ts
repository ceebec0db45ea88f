import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { setLanguage, type Language } from '../i18n/t'
import type { Choice, Role } from '../phone'

export type Theme = 'auto' | 'light' | 'dark' | 'contrast'
export type Density = 'compact' | 'comfortable'

interface Kept {
  language: Language
  theme: Theme
  density: Density
  gainControl: boolean
  devices: Record<Role, Choice>
  recentItems: string[]
}

const place = 'hotline.settings'

function load(): Kept {
  const defaults: Kept = {
    language: navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN',
    theme: 'auto', density: 'compact', gainControl: true,
    devices: { microphone: null, headset: null, ringer: null }, recentItems: [],
  }
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Kept>) }
  } catch {
    return defaults
  }
}

/** What this PC remembers of its user's taste; no personal data. */
export const useSettings = defineStore('settings', () => {
  const kept = ref(load())
  const dark = matchMedia('(prefers-color-scheme: dark)')

  function apply(): void {
    const root = document.documentElement
    const theme = kept.value.theme === 'auto' ? (dark.matches ? 'dark' : 'light') : kept.value.theme
    root.dataset.theme = theme
    root.dataset.density = kept.value.density
    root.classList.toggle('dark', theme !== 'light')
    setLanguage(kept.value.language)
  }

  watch(kept, () => {
    apply()
    localStorage.setItem(place, JSON.stringify(kept.value))
  }, { deep: true })
  dark.addEventListener('change', apply)
  apply()

  /** Remembers a chosen item; the last five come first. */
  function used(code: string): void {
    kept.value.recentItems = [code, ...kept.value.recentItems.filter((c) => c !== code)].slice(0, 5)
  }

  return { kept, used }
})
