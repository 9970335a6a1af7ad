// The phone, usable alone: what it needs of its host it gets by connectSoftphone.
export default defineNuxtConfig({})
