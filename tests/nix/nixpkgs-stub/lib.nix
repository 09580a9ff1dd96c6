# A stand-in for the parts of nixpkgs' `lib` that the module uses, so that the module is evaluated where nixpkgs cannot
# be fetched. Options, priorities, mkIf, mkMerge, submodules and free-form settings behave as there; messages are shorter.
let
  inherit (builtins)
    all
    attrNames
    attrValues
    concatMap
    elem
    filter
    foldl'
    hasAttr
    head
    isAttrs
    isBool
    isFloat
    isFunction
    isInt
    isList
    isPath
    isString
    length
    listToAttrs
    mapAttrs
    match
    stringLength
    substring
    tail
    toString
    ;

  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];
  min = foldl' (low: value: if value < low then value else low) 10000;
  isTagged = tag: value: isAttrs value && value ? _type && value._type == tag;
  show = foldl' (text: name: if text == "" then name else "${text}.${name}") "";

  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkOption = option: option // { _type = "option"; };

  # One definition of one option -> what it says once conditions are decided: [ { priority; value; } ].
  decide =
    priority: value:
    if isTagged "if" value then
      (if value.condition then decide priority value.content else [ ])
    else if isTagged "merge" value then
      concatMap (decide priority) value.contents
    else if isTagged "override" value then
      decide value.priority value.content
    else
      [ { inherit priority value; } ];

  # One definition of many options -> attribute sets, with conditions moved inward undecided (they may depend on options).
  spread =
    value:
    if isTagged "if" value then
      map (mapAttrs (_: mkIf value.condition)) (spread value.content)
    else if isTagged "merge" value then
      concatMap spread value.contents
    else if isTagged "override" value then
      map (mapAttrs (_: mkOverride value.priority)) (spread value.content)
    else
      [ value ];

  named = name: concatMap (set: optional (set ? ${name}) set.${name});

  # The option at `path` of a type, from all its definitions.
  resolve =
    path: type: definitions:
    let
      said = concatMap (decide 100) definitions;
      top = min (map (one: one.priority) said);
      values = map (one: one.value) (filter (one: one.priority == top) said);
    in
    if values == [ ] then
      throw "The option `${show path}' is used but not defined"
    else if !(all type.check values) then
      throw "The option `${show path}' is not of type `${type.name}'"
    else
      type.merge path values;

  # A tree of options; names that are no option go to `freeform`, or are an error.
  tree =
    path: options: freeform: definitions:
    let
      sets = concatMap spread definitions;
      names = unique (concatMap attrNames sets);
      unknown = filter (name: !(options ? ${name})) names;
      known = mapAttrs (
        name: option:
        let
          here = path ++ [ name ];
          mine = named name sets;
        in
        if isTagged "option" option then
          resolve here option.type (mine ++ optional (option ? default) (mkOverride 1500 option.default))
        else
          tree here option null mine
      ) options;
      free = listToAttrs (
        map (name: {
          inherit name;
          value = resolve (path ++ [ name ]) freeform (named name sets);
        }) (present sets)
      );
      # A free name whose every definition is switched off is not there at all.
      present = sets: filter (name: concatMap (decide 100) (named name sets) != [ ]) unknown;
    in
    if unknown != [ ] && freeform == null then
      throw "The option `${show (path ++ [ (head unknown) ])}' does not exist"
    else
      (if freeform == null then { } else free) // known;

  scalar = name: check: {
    inherit name check;
    merge =
      path: values:
      if all (value: value == head values) values then
        head values
      else
        throw "The option `${show path}' has conflicting definitions";
  };
  types = rec {
    bool = scalar "boolean" isBool;
    int = scalar "integer" isInt;
    str = scalar "string" isString;
    port = scalar "16 bit unsigned integer" (value: isInt value && value >= 0 && value <= 65535);
    path = scalar "absolute path" (value: isPath value || isString value && substring 0 1 value == "/");
    package = scalar "package" (value: isAttrs value && value ? outPath);
    strMatching =
      pattern: scalar "string matching ${pattern}" (value: isString value && match pattern value != null);
    either = one: other: {
      name = "${one.name} or ${other.name}";
      check = value: one.check value || other.check value;
      merge =
        path: values: if all one.check values then one.merge path values else other.merge path values;
    };
    nullOr = type: either (scalar "null" (value: value == null)) type;
    listOf = type: {
      name = "list of ${type.name}";
      check = isList;
      merge = path: values: map (value: resolve path type [ value ]) (concatMap (value: value) values);
    };
    attrsOf = type: {
      name = "attribute set of ${type.name}";
      element = type;
      check = isAttrs;
      merge = path: values: tree path { } type values;
    };
    submodule =
      {
        options ? { },
        freeformType ? null,
      }:
      {
        name = "submodule";
        check = isAttrs;
        merge = path: values: tree path options (freeformType.element or null) values;
      };
  };

  lib = {
    inherit
      mkOverride
      mkDefault
      mkForce
      mkMerge
      mkIf
      mkOption
      types
      optional
      optionals
      ;
    inherit
      attrNames
      attrValues
      concatMap
      elem
      filter
      hasAttr
      head
      isAttrs
      isFunction
      length
      mapAttrs
      tail
      toString
      ;
    mkEnableOption =
      what:
      mkOption {
        type = types.bool;
        default = false;
        description = "Whether to enable ${what}.";
      };
    mkPackageOption =
      pkgs: name: _:
      mkOption {
        type = types.package;
        default = pkgs.${name};
      };
    literalExpression = text: text;
    assertMsg = holds: message: holds || throw message;
    hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
    any = check: values: filter check values != [ ];
    mapAttrsToList = make: set: map (name: make name set.${name}) (attrNames set);
    genAttrs =
      names: make:
      listToAttrs (
        map (name: {
          inherit name;
          value = make name;
        }) names
      );
    # TOML has no null, so neither does this.
    tomlTable =
      let
        leaf = value: isString value || isInt value || isFloat value || isBool value || isPath value;
        item =
          types.either (scalar "TOML value" leaf) (types.either (types.listOf item) (types.attrsOf item))
          // {
            name = "TOML value";
          };
      in
      types.attrsOf item;
    evalModules =
      { modules, args }:
      let
        load =
          module:
          let
            opened = if isPath module then import module else module;
            part = if isFunction opened then opened (args // { inherit config lib; }) else opened;
          in
          [ part ] ++ concatMap load (part.imports or [ ]);
        parts = concatMap load modules;
        options = foldl' deepMerge { } (map (part: part.options or { }) parts);
        deepMerge =
          one: other:
          one
          // mapAttrs (
            name: value:
            if one ? ${name} && !(isTagged "option" value) then deepMerge one.${name} value else value
          ) other;
        bare =
          part:
          if part ? options || part ? config then part.config or { } else removeAttrs part [ "imports" ];
        config = tree [ ] options null (map bare parts);
      in
      {
        inherit config options;
      };
  };
in
lib
