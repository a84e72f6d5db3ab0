/* Filter of the clause table, and everything open on paper. Nothing is lost without it. */
(function () {
	var bar = document.querySelector(".filter");
	var rows = document.querySelectorAll("tr[data-outcome]");
	var parts = document.querySelectorAll("tbody[data-part]");

	function show(kind) {
		rows.forEach(function (row) {
			var o = row.dataset.outcome;
			row.hidden = !(kind === "all" || kind === o);
		});
		parts.forEach(function (part) {
			part.hidden = !part.querySelector("tr[data-outcome]:not([hidden])");
		});
		bar.querySelectorAll("button").forEach(function (b) {
			b.setAttribute("aria-pressed", String(b.dataset.kind === kind));
		});
	}
	if (bar) {
		bar.hidden = false;
		bar.addEventListener("click", function (event) {
			if (event.target.dataset.kind) show(event.target.dataset.kind);
		});
	}
	/* A link to a row that the filter hides shows all rows. */
	document.addEventListener("click", function (event) {
		var a = event.target.closest("a");
		if (bar) if (a) if (a.hash.startsWith("#c-")) show("all");
	});
	window.addEventListener("beforeprint", function () {
		document.querySelectorAll("details").forEach(function (d) { d.open = true; });
	});
})();
