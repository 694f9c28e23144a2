/** A name that lists of runs need without the code that computes definitions. */

/** What the recorder's build is called among the facts of a definition. */
export const RECORDER = 'recorder (lab-holder)'
