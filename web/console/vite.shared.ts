// What the build and the unit tests resolve alike.

/** The whole time zone history weighs 700 kB; ten years around now are enough to show dates. */
export const alias = [
  { find: /^moment-timezone$/, replacement: "moment-timezone/builds/moment-timezone-with-data-10-year-range.min.js" },
];
