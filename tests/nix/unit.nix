# The directives of a unit file's section, sorted: what makes two units the same service.
# `Environment=` is left out, since NixOS adds its own search path and locale there.
text: section:
let
  lines = builtins.filter builtins.isString (builtins.split "\n" text);
  step =
    state: line:
    if builtins.match "\\[.*]" line != null then
      state // { open = line == "[${section}]"; }
    else if
      state.open
      && builtins.match "[A-Za-z].*" line != null
      && builtins.match "(Environment=|X-).*" line == null
    then
      state // { found = state.found ++ [ line ]; }
    else
      state;
in
builtins.sort builtins.lessThan
  (builtins.foldl' step {
    open = false;
    found = [ ];
  } lines).found
