/* What pages do beyond forms and links. Everything works without it. */
(function () {
  'use strict';
  var root = document.documentElement;

  /* Single keys, and two after another ("g d"). Silent in fields, with modifiers and while composing. */
  var before = '', forget = 0;
  document.addEventListener('keydown', function (event) {
    if (root.dataset.keys === 'off' || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.closest('input, textarea, select, [contenteditable]')) return;
    if (document.querySelector('dialog[open]')) return;
    var key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    var wanted = [before ? before + ' ' + key : '', key];
    before = key === 'g' ? 'g' : '';
    clearTimeout(forget);
    forget = setTimeout(function () { before = ''; }, 1000);
    for (var at = 0; at < wanted.length; at++) {
      var found = wanted[at] && document.querySelector('[data-key="' + CSS.escape(wanted[at]) + '"]');
      if (!found) continue;
      event.preventDefault();
      before = '';
      found.focus();
      if (found.matches('a, button')) found.click();
      return;
    }
  });

  /* data-copy="text": a button that copies it. */
  document.addEventListener('click', function (event) {
    var copy = event.target.closest('[data-copy]');
    if (copy && navigator.clipboard) navigator.clipboard.writeText(copy.dataset.copy);
  });

  /* What is marked with data-refresh is asked for again every so many seconds, in tabs that are seen. */
  document.querySelectorAll('[data-refresh]').forEach(function (part) {
    var id = part.id;
    setInterval(function () {
      var now = document.getElementById(id);
      if (now && document.visibilityState === 'visible' && navigator.onLine) now.dispatchEvent(new Event('refresh'));
    }, part.dataset.refresh * 1000);
  });

  /* Without a connection nothing can be decided, and the page says since when. */
  function connection() {
    var banner = document.getElementById('offline');
    if (banner) {
      if (!navigator.onLine && banner.hidden) {
        var now = new Date();
        var time = ('0' + now.getHours()).slice(-2) + ':' + ('0' + now.getMinutes()).slice(-2);
        banner.textContent = banner.dataset.text.replace('00:00', time);
      }
      banner.hidden = navigator.onLine;
    }
    document.querySelectorAll('form[method=post] button').forEach(function (button) { button.disabled = !navigator.onLine; });
  }
  window.addEventListener('online', connection);
  window.addEventListener('offline', connection);
  if (!navigator.onLine) connection();
})();
