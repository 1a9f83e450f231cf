/// How the breaker page looks: calm, one column on a phone, dark where the reader's system is. Colours have a contrast of
/// at least 4.5 to 1 with what they stand on.
enum BreakerPageStyle {
    static let css = """
        :root {
          --ground: #f6f7f8; --paper: #fff; --ink: #1b2126; --soft: #59636c; --line: #dfe3e6; --touch: #eef1f3;
          --closed: #1c6b48; --closed-wash: #e4f2eb; --half: #855200; --half-wash: #fcf0d8; --open: #a92a25; --open-wash: #fbe7e5;
          --accent: #2557a7;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #14181b; --paper: #1c2125; --ink: #e5e9ec; --soft: #9ba6ae; --line: #2e353a; --touch: #272e33;
            --closed: #76cfa4; --closed-wash: #1b3529; --half: #edbd62; --half-wash: #3a2e17; --open: #f59b94; --open-wash: #442422;
            --accent: #8fb7f5;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; max-width: 82rem; padding: 1.5rem clamp(1rem, 3vw, 2.5rem) 3rem; background: var(--ground); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere;
        }
        h1, h2, h3, p, dl, dd, ul, ol { margin: 0; padding: 0; }
        ul, ol { list-style: none; }
        h1 { font-size: 1.5rem; font-weight: 650; letter-spacing: -.01em; }
        h2 { margin: 1.5rem 0 .75rem; font-size: 1.05rem; font-weight: 650; }
        small, h2 small { color: var(--soft); font-size: .85em; font-weight: 400; }
        time { white-space: nowrap; }
        .top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: .25rem 1rem; }
        #link { color: var(--soft); font-size: .9rem; font-variant-numeric: tabular-nums; }
        #link::before { content: ""; display: inline-block; width: .55em; height: .55em; margin-right: .5em; border-radius: 50%; background: var(--soft); }
        #link[data-link=live]::before { background: var(--closed); }
        #link[data-link=lost] { color: var(--open); }
        #link[data-link=lost]::before { background: var(--open); border-radius: 0; }

        form#filter { display: flex; flex-wrap: wrap; gap: .5rem .75rem; margin: 1.5rem 0 0; }
        #filter label { display: flex; align-items: center; gap: .5rem; color: var(--soft); font-size: .9rem; white-space: nowrap; }
        #filter label:first-child { flex: 1 1 16rem; max-width: 32rem; }
        .scripted #filter button { display: none; }
        input, select, button {
          min-height: 2.4rem; padding: .35rem .7rem; border: 1px solid var(--line); border-radius: 8px; background: var(--paper);
          color: var(--ink); font: inherit;
        }
        input { width: 100%; min-width: 0; }
        button { cursor: pointer; }
        button:hover { background: var(--touch); }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }

        .tiles { display: grid; margin-top: 1rem; grid-template-columns: repeat(3, 1fr); gap: .75rem; }
        .tiles li { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--paper); }
        .tiles b { font-size: 1.7rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tiles span { font-weight: 600; }
        .tiles small { display: block; }
        .tiles .none b { color: var(--soft); }
        [data-state=closed] { --tint: var(--closed); --wash: var(--closed-wash); }
        [data-state=half_open] { --tint: var(--half); --wash: var(--half-wash); }
        [data-state=open] { --tint: var(--open); --wash: var(--open-wash); }
        .tiles li:not(.none) b, .tiles li:not(.none) span { color: var(--tint); }
        .rest { margin-top: .75rem; color: var(--soft); font-size: .93rem; font-variant-numeric: tabular-nums; }
        .rest b { color: var(--ink); font-weight: 600; }
        .empty { margin: 2rem 0; color: var(--soft); }

        .cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22.5rem), 1fr)); gap: .9rem; align-items: start; }
        .card { min-width: 0; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--paper); }
        .card[data-state=open], .card[data-state=half_open] { border-color: var(--tint); }
        .card header { display: grid; grid-template-columns: 1fr auto; gap: .1rem .75rem; align-items: start; }
        .card h3 { grid-row: 1; font-size: 1rem; font-weight: 650; }
        .badge {
          grid-column: 2; display: inline-flex; align-items: center; gap: .4em; padding: .15rem .65rem .15rem .5rem; border-radius: 99px;
          background: var(--wash); color: var(--tint); font-size: .85rem; font-weight: 600; white-space: nowrap;
        }
        .badge svg { width: .8em; height: .8em; fill: currentColor; }
        .badge .line { fill: none; stroke: currentColor; stroke-width: 1.5; }
        .serves { grid-column: 1 / -1; color: var(--soft); font-size: .88rem; }
        .serves b { font-weight: 550; color: var(--ink); }
        .why { margin-top: .6rem; }
        .why::first-letter { text-transform: uppercase; }
        .since, .next { color: var(--soft); font-size: .88rem; font-variant-numeric: tabular-nums; }
        .since::first-letter { text-transform: uppercase; }
        .next { color: var(--tint); font-weight: 550; }
        .facts { display: grid; grid-template-columns: repeat(2, 1fr); gap: .55rem 1rem; margin: .85rem 0 .35rem; }
        .facts dt { color: var(--soft); font-size: .8rem; }
        .facts dd { font-weight: 550; font-variant-numeric: tabular-nums; }
        .card details { border-top: 1px solid var(--line); margin-top: .55rem; padding-top: .45rem; }
        summary { cursor: pointer; padding: .2rem 0; font-size: .9rem; color: var(--soft); }
        table { width: 100%; border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
        th { font-weight: 500; text-align: left; color: var(--soft); font-size: .8rem; }
        th, td { padding: .3rem .5rem .3rem 0; vertical-align: top; }
        td small, li small { display: block; }
        .card td:last-child { white-space: nowrap; }
        td b { font-weight: 550; }
        .card td small:only-of-type { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .78rem; }
        .card td:last-child small { font-family: inherit; font-size: .85em; }
        details li { margin-top: .35rem; padding-left: .75rem; border-left: 3px solid var(--tint); font-size: .88rem; }
        details li b { font-weight: 550; }
        .acts { display: none; flex-wrap: wrap; gap: .5rem; margin-top: .85rem; }
        .scripted .acts { display: flex; }
        .card .acts { gap: 0; margin: .5rem 0 -.35rem -.6rem; }
        .card .acts button { min-height: 2.2rem; padding: .2rem .6rem; border-color: transparent; background: none; color: var(--accent); font-size: .88rem; }
        .card .acts button:hover { background: var(--touch); }

        .wide { max-width: 44rem; border: 1px solid var(--line); border-radius: 12px; border-spacing: 0; border-collapse: separate; background: var(--paper); }
        .wide th, .wide td { padding: .5rem .9rem; }
        .wide tbody tr > * { border-top: 1px solid var(--line); }
        .wide tbody th { color: var(--ink); font-size: .88rem; }
        .off { margin-top: 2rem; border: 1px solid var(--line); border-radius: 12px; padding: .6rem 1.1rem; background: var(--paper); }
        .off ul { columns: 22rem; column-gap: 2rem; }
        .off li { margin: .6rem 0; break-inside: avoid; --tint: var(--line); }
        .off span { display: block; color: var(--soft); }
        .foot { margin-top: 1.5rem; max-width: 62rem; color: var(--soft); font-size: .85rem; }
        #news:empty { display: none; }
        #news {
          position: sticky; bottom: 1rem; width: fit-content; max-width: 100%; margin: 1.25rem auto 0; padding: .5rem 1rem; border-radius: 10px;
          background: var(--ink); color: var(--ground); font-size: .9rem;
        }
        dialog {
          width: min(30rem, calc(100vw - 2rem)); padding: 1.25rem 1.4rem; border: 1px solid var(--line); border-radius: 14px;
          background: var(--paper); color: var(--ink);
        }
        dialog::backdrop { background: rgb(10 14 17 / .45); }
        dialog h2 { margin: 0 0 .25rem; }
        dialog label { display: block; margin-top: .85rem; font-size: .9rem; color: var(--soft); }
        dialog .acts { justify-content: flex-end; }
        #act-error { margin-top: .6rem; color: var(--open); }
        .go { border-color: var(--accent); background: var(--accent); color: var(--paper); font-weight: 600; }
        .go:hover { background: var(--accent); filter: brightness(1.08); }
        @media (min-width: 56rem) {
          .card[data-state=open], .card[data-state=half_open] { grid-column: 1 / -1; display: grid; grid-template-columns: 1fr 1fr; column-gap: 2.5rem; }
          .card[data-state=open] header, .card[data-state=half_open] header { grid-column: 1 / -1; }
          .card[data-state=open] .facts, .card[data-state=half_open] .facts { grid-template-columns: repeat(3, 1fr); }
          .card[data-state=open] td small, .card[data-state=half_open] td small { display: inline; margin-left: .7em; }
          .card[data-state=open] .past > :first-child, .card[data-state=half_open] .past > :first-child { border-top: 0; margin-top: .1rem; }
        }
        @media (max-width: 34rem) {
          .tiles { gap: .5rem; }
          .tiles li { padding: .6rem .7rem; }
          .tiles span { display: block; }
          .tiles small { font-size: .78rem; }
          #filter label, #filter label:first-child { flex: 1 1 100%; }
          .wide th, .wide td { padding: .45rem .5rem; }
        }
        @media (prefers-reduced-motion: no-preference) { #link[data-link=live]::before { transition: background .3s; } }
        """
}
