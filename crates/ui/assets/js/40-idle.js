/* Whoever walks past sees nobody's data: after five minutes without a key, a touch or a movement the page is covered until
   one comes. It is no lock; the session ends by itself on the server. */
(function () {
  'use strict';
  var SECONDS = 300, root = document.documentElement, last = Date.now();
  var curtain = document.getElementById('idle');
  if (!curtain) return;

  function seen(event) {
    var late = isLate();
    last = Date.now();
    if (curtain.hidden && !late) return;
    /* What brings the page back does nothing else. */
    if (event.type === 'keydown' || event.type === 'pointerdown') event.preventDefault();
    event.stopImmediatePropagation();
    curtain.hidden = true;
    root.removeAttribute('data-idle');
  }
  ['keydown', 'pointerdown'].forEach(function (kind) { window.addEventListener(kind, seen, { capture: true }); });
  ['pointermove', 'wheel'].forEach(function (kind) { window.addEventListener(kind, seen, { capture: true, passive: true }); });

  function isLate() { return Date.now() - last >= SECONDS * 1000; }
  function cover() {
    if (!curtain.hidden || !isLate()) return;
    root.setAttribute('data-idle', '');
    curtain.hidden = false;
  }
  setInterval(cover, 1000);
  document.addEventListener('visibilitychange', cover);
})();
