/* Sets the theme before the first paint. A file of its own, because the page allows no inline scripts. */
(function () {
  var root = document.documentElement;
  var dark = window.matchMedia('(prefers-color-scheme: dark)');
  function apply() {
    var choice = null;
    try {
      choice = localStorage.getItem('mc.theme');
    } catch {
      /* Storage may be off; then the system decides. */
    }
    var theme = choice === 'dark' || choice === 'light' ? choice : dark.matches ? 'dark' : 'light';
    root.setAttribute('data-theme', theme);
    var meta = document.querySelector('meta[name="theme-color"]');
    if (meta) meta.setAttribute('content', theme === 'dark' ? '#131417' : '#f6f6f4');
  }
  apply();
  dark.addEventListener('change', apply);
  window.addEventListener('mc:theme', apply);
})();
