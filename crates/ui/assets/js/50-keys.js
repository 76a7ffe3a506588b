/* The keys of this page, in a dialog: what is marked with data-key and seen, in the page's order. */
(function () {
  'use strict';
  var dialog = document.getElementById('keys');
  if (!dialog || !dialog.showModal) return;

  function name(element) {
    if (element.labels && element.labels.length) element = element.labels[0];
    var copy = element.cloneNode(true);
    copy.querySelectorAll('kbd, .hidden-visually').forEach(function (part) { part.remove(); });
    return copy.textContent.replace(/\s+/g, ' ').trim();
  }

  function fill() {
    var list = dialog.querySelector('dl'), known = {};
    list.textContent = '';
    document.querySelectorAll('[data-key]').forEach(function (element) {
      var key = element.dataset.key;
      if (known[key] || !element.getClientRects().length || dialog.contains(element)) return;
      known[key] = true;
      var term = document.createElement('dt'), said = document.createElement('dd'), kbd = document.createElement('kbd');
      kbd.textContent = key;
      term.append(kbd);
      said.textContent = name(element);
      said.dir = 'auto';
      list.append(term, said);
    });
  }

  document.addEventListener('click', function (event) {
    if (!event.target.closest('[data-dialog=keys]')) return;
    fill();
    dialog.showModal();
  });
})();
