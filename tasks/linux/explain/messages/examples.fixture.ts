/** The examples of all tables together. */
export { ATTACH } from './examples-attach.fixture.ts'
export { LOAD } from './examples-load.fixture.ts'
export { POSTED } from './examples-posted.fixture.ts'
export { BUILD } from './examples-build.fixture.ts'
export { BOOT } from './examples-boot.fixture.ts'
export { SHELL } from './examples-shell.fixture.ts'
export { MORE } from './examples-more.fixture.ts'
export { TRACES } from './examples-traces.fixture.ts'
