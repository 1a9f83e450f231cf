/// What keeps the breaker page up to date and carries its actions. The server renders; this puts in what it sends.
enum BreakerPageScript {
    static let js = #"""
        'use strict';
        const $ = id => document.getElementById(id);
        const path = location.origin + location.pathname;
        const filter = $('filter'), link = $('link'), news = $('news');
        const quietLimit = 10000, retryAfter = 3000;
        let feed = null, retry = 0, heard = 0;

        // Makes `old` like `fresh` and touches only what differs, so that focus, selection and open details stay.
        function morph(old, fresh) {
          if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) return old.replaceWith(fresh);
          if (old.nodeType !== Node.ELEMENT_NODE) {
            if (old.data !== fresh.data) old.data = fresh.data;
            return;
          }
          for (const { name } of [...old.attributes])
            if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
          for (const { name, value } of fresh.attributes)
            if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
          const olds = [...old.childNodes], freshes = [...fresh.childNodes];
          freshes.forEach((child, index) => index < olds.length ? morph(olds[index], child) : old.append(child));
          olds.slice(freshes.length).forEach(child => child.remove());
        }

        function show(state, words) {
          if (link.dataset.link !== state) link.dataset.link = state;
          if (link.textContent !== words) link.textContent = words;
        }

        function query() {
          const text = filter.elements.q.value, state = filter.elements.state.value;
          const parts = [text && 'q=' + encodeURIComponent(text), state && 'state=' + state].filter(Boolean);
          return parts.length ? '?' + parts.join('&') : '';
        }

        function leave() {
          clearTimeout(retry);
          if (feed) feed.close();
          feed = null;
        }

        function listen() {
          leave();
          heard = Date.now();
          const wanted = query();
          feed = new EventSource(path + wanted + (wanted ? '&' : '?') + 'feed=page');
          feed.addEventListener('page', event => {
            heard = Date.now();
            const box = document.createElement('template');
            box.innerHTML = event.data;
            morph($('live'), box.content.firstElementChild);
            show('live', 'Live, as of ' + $('live').dataset.time.slice(11, 19) + ' UTC');
          });
          feed.addEventListener('transition', event => {
            const change = JSON.parse(event.data);
            news.textContent = change.deployment + ': ' + change.from.replace('_', '-') + ' → ' + change.to.replace('_', '-')
              + ' (' + change.why + ')';
          });
          feed.onerror = lost;
        }

        function lost() {
          show('lost', 'Not live: the connection is lost, trying again');
          if (!feed || feed.readyState === EventSource.CLOSED) {
            clearTimeout(retry);
            retry = setTimeout(listen, retryAfter);
          }
        }

        // A peer that vanished without a word is noticed by its silence.
        setInterval(() => {
          if (feed && Date.now() - heard > quietLimit) {
            lost();
            listen();
          }
        }, 1000);

        document.addEventListener('visibilitychange', () => document.hidden ? leave() : listen());

        let typing = 0;
        function refilter() {
          history.replaceState(null, '', path + query());
          listen();
        }
        filter.addEventListener('submit', event => { event.preventDefault(); refilter(); });
        filter.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(refilter, 200); });

        const dialog = $('act'), meanings = {
          open: 'Refuses every call until an admin closes it.',
          close: 'Lets calls pass, with clean counts. Later faults can open it again.',
          reset: 'Lets calls pass and forgets faults, totals and times. The history stays.'
        };
        if (dialog) {
          const name = 'quintet-admin-token';
          let act = '', deployment = '';
          document.addEventListener('click', event => {
            const button = event.target.closest('button[data-act]');
            if (!button) return;
            ({ act, deployment } = button.dataset);
            $('act-title').textContent = act[0].toUpperCase() + act.slice(1) + ' ' + deployment;
            $('act-meaning').textContent = meanings[act];
            $('act-error').textContent = '';
            $('act-token').value = sessionStorage.getItem(name) || '';
            dialog.showModal();
            $('act-reason').focus();
          });
          $('act-cancel').addEventListener('click', () => dialog.close());
          dialog.querySelector('form').addEventListener('submit', async event => {
            event.preventDefault();
            const token = $('act-token').value;
            $('act-go').disabled = true;
            try {
              const answer = await fetch(path + '/' + encodeURIComponent(deployment) + '/' + act, {
                method: 'POST', credentials: 'omit',
                headers: { 'Authorization': 'Bearer ' + token, 'Content-Type': 'application/json' },
                body: JSON.stringify({ reason: $('act-reason').value })
              });
              if (answer.ok) {
                sessionStorage.setItem(name, token);
                $('act-reason').value = '';
                dialog.close();
              } else {
                if (answer.status === 401) sessionStorage.removeItem(name);
                $('act-error').textContent = (await answer.json()).error.message;
              }
            } catch (error) {
              $('act-error').textContent = 'The gateway did not answer: ' + error.message;
            } finally {
              $('act-go').disabled = false;
            }
          });
        }

        document.documentElement.classList.add('scripted');
        if (!document.hidden) listen();
        """#
}
