/* Suggestions by keyboard: a combobox with a list box (WAI-ARIA APG, "Combobox"). The links work with Tab as well. */
(function () {
  'use strict';
  var box = document.getElementById('q'), list = document.getElementById('suggestions');
  var said = document.getElementById('suggested');
  if (!box || !list || !said) return;
  var at = -1;
  box.setAttribute('role', 'combobox');
  box.setAttribute('aria-autocomplete', 'list');

  function options() { return list.hidden ? [] : list.querySelectorAll('[role=option]'); }

  /* Says which one Enter would open; -1 is none, so that Enter searches. */
  function choose(next) {
    var all = options();
    if (all[at]) all[at].setAttribute('aria-selected', 'false');
    at = next;
    if (!all[at]) { at = -1; box.removeAttribute('aria-activedescendant'); return; }
    all[at].setAttribute('aria-selected', 'true');
    all[at].scrollIntoView({ block: 'nearest' });
    box.setAttribute('aria-activedescendant', all[at].id);
  }

  function show(isOpen) {
    choose(-1);
    list.hidden = !isOpen;
    var found = list.querySelector('[role=listbox]');
    box.setAttribute('aria-expanded', String(isOpen && !!found));
    if (isOpen && found) box.setAttribute('aria-controls', found.id);
    else box.removeAttribute('aria-controls');
  }

  /* What came stands in the list; how many is said in a region that was there before. */
  new MutationObserver(function () {
    var count = list.querySelector('[data-count]');
    said.textContent = count ? count.textContent : '';
    at = -1;
    show(true);
  }).observe(list, { childList: true });
  show(true);

  box.addEventListener('keydown', function (event) {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && !list.hidden && list.querySelector('[role=option]')) {
      event.preventDefault();
      said.textContent = '';
      show(false);
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (list.hidden) show(true);
      var all = options(), step = event.key === 'ArrowDown' ? 1 : -1;
      if (!all.length) return;
      event.preventDefault();
      /* Past either end is the box itself. */
      choose(at < 0 && step < 0 ? all.length - 1 : at + step);
    } else if (event.key === 'Enter' && options()[at]) {
      event.preventDefault();
      options()[at].click();
    } else if (!event.altKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight' || event.key === 'Home' || event.key === 'End')) {
      choose(-1);
    }
  });
  /* What is typed is about others than those listed. */
  box.addEventListener('input', function () { choose(-1); });
})();
