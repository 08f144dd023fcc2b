// The page is whole without this. With it, what the page shows is fetched anew
// every two seconds while somebody looks, and put in place of the old.
"use strict";

const EVERY_MS = 2000;

async function refresh() {
	const answer = await fetch(location.pathname, { cache: "no-store" });
	if (!answer.ok)
		throw new Error(answer.status);
	const fresh = new DOMParser().parseFromString(await answer.text(),
	    "text/html");
	document.querySelector("main").replaceWith(
	    document.adoptNode(fresh.querySelector("main")));
	document.title = fresh.title;
}

// Nobody likes to lose what he is about to copy.
function isBusy() {
	return document.hidden || !document.getSelection().isCollapsed;
}

async function turn() {
	if (!isBusy()) {
		try {
			await refresh();
			document.body.classList.remove("stale");
		} catch (error) {
			document.body.classList.add("stale");
		}
	}
	setTimeout(turn, EVERY_MS);
}

setTimeout(turn, EVERY_MS);
