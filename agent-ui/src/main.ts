import { createPinia } from 'pinia'
import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import App from './App.vue'
import { watchComposition } from './keyboard/onEnter'
import { useSession } from './stores/session'
import { useSettings } from './stores/settings'
import './theme/elements'
import './theme/tokens.css'
import './theme/app.css'
import DeskView from './views/DeskView.vue'
import SignIn from './views/SignIn.vue'

const app = createApp(App)
app.use(createPinia())
useSettings()
watchComposition(document)

const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/sign-in', component: SignIn },
    { path: '/', component: DeskView },
    { path: '/board', component: () => import('./views/BoardView.vue'), meta: { senior: true } },
    { path: '/:rest(.*)', redirect: '/' },
  ],
})
router.beforeEach(async (to) => {
  const session = useSession()
  if (to.path === '/sign-in') return true
  const known = session.account !== null || (await session.resume())
  if (!known) return to.path === '/' ? '/sign-in' : { path: '/sign-in', query: { to: to.path } }
  return to.meta.senior && !session.senior ? '/' : true
})
app.use(router)
void router.isReady().then(() => app.mount('#app'))
