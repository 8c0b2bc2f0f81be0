// Behaviour reacts to data- attributes only. Everything works without it; here it becomes quicker.
import "./dialogs.js";
import "./toasts.js";
import "./forms.js";
import "./lists.js";
import "./rowmenu.js";
import "./palette.js";
import "./live.js";
import "./theme.js";
