/** Sends the form of the page, whose button remains for browsers without scripts. */
document.querySelector('form')?.requestSubmit();
