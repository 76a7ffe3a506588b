/* Forms marked with data-follow are sent and answered in one trip: the server answers with the page that its redirect
   would lead to, which takes this one's place. What goes wrong is sent once more as any form is; carried out it is
   once only. */
(function () {
  'use strict';
  var isSent = false;

  function put(html, address) {
    var page = new DOMParser().parseFromString(html, 'text/html');
    if (!page.getElementById('main')) return false;
    document.title = page.title;
    ['header.bar', '#main', 'footer.foot'].forEach(function (part) {
      var before = document.querySelector(part), after = page.querySelector(part);
      if (before && after) before.replaceWith(document.adoptNode(after));
    });
    history.replaceState({ follow: true }, '');
    history.pushState({ follow: true }, '', address);
    window.scrollTo(0, 0);
    if (window.htmx) window.htmx.process(document.body);
    var main = document.getElementById('main');
    var first = main.querySelector('[autofocus]') || main.querySelector('h1');
    if (first) {
      if (first.matches('h1')) first.tabIndex = -1;
      first.focus();
    }
    /* The place that says what was done stays, so that it is read out. */
    var said = page.querySelector('.toast'), place = document.querySelector('.toast');
    if (said && place) place.textContent = said.textContent;
    return true;
  }

  document.addEventListener('submit', function (event) {
    var form = event.target, button = event.submitter;
    if (!form.matches('form[data-follow]') || event.defaultPrevented) return;
    event.preventDefault();
    if (isSent) return;
    isSent = true;
    var place = document.querySelector('.toast'), main = document.getElementById('main');
    if (place) place.textContent = '';
    main.setAttribute('aria-busy', 'true');
    var fields = new URLSearchParams(new FormData(form));
    if (button && button.name) fields.append(button.name, button.value);
    fetch(form.action, { method: 'POST', body: fields, headers: { 'OpenCR-Follow': '1', Accept: 'text/html' } })
      .then(function (answer) {
        return answer.text().then(function (html) {
          if (!put(html, answer.headers.get('Content-Location') || answer.url)) throw new Error();
        });
      })
      .catch(function () {
        form.removeAttribute('data-follow');
        form.requestSubmit(button);
      })
      .then(function () {
        isSent = false;
        main.removeAttribute('aria-busy');
      });
  });

  /* Pages that were left by such a form are asked for anew. */
  window.addEventListener('popstate', function (event) {
    if (event.state && event.state.follow) location.reload();
  });
})();
