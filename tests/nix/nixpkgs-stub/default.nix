# As much of nixpkgs as the flake and the module touch. It shows that they evaluate, not that anything builds.
let
  lib = import ./lib.nix // {
    inherit nixosSystem licenses;
  };
  licenses.asl20.spdxId = "Apache-2.0";
  inherit (lib) mkOption types;

  fake =
    system: name: attributes:
    derivation {
      inherit name system;
      builder = "/bin/sh";
      args = [
        "-c"
        "echo ${name} > $out"
      ];
    }
    // attributes;

  packages =
    system:
    rec {
      inherit lib system;
      stdenv.hostPlatform = { inherit system; };
      portcullis = {
        outPath = "/usr";
      };
      coreutils = {
        outPath = "/usr";
      };
      formats.toml = _: {
        type = lib.tomlTable;
        generate = name: value: builtins.toFile name (builtins.toJSON value);
      };
      # Reads what the real function reads, so that a missing file or field is noticed.
      rustPlatform.buildRustPackage =
        arguments:
        assert builtins.pathExists "${toString arguments.src}/Cargo.toml";
        assert builtins.stringLength (builtins.readFile arguments.cargoLock.lockFile) > 0;
        assert builtins.all (input: input ? outPath) arguments.nativeCheckInputs;
        fake system "${arguments.pname}-${arguments.version}" { inherit (arguments) meta pname version; };
      mkShell = _: fake system "shell" { };
      writeText =
        name: text:
        derivation {
          inherit name system text;
          builder = "/bin/sh";
          args = [
            "-c"
            "printf '%s' \"$text\" > $out"
          ];
        };
    }
    // lib.genAttrs [
      "cargo"
      "cargo-deny"
      "clippy"
      "cvc5"
      "nixfmt-tree"
      "nodejs"
      "openbao"
      "python3"
      "rust-analyzer"
      "rustc"
      "rustfmt"
    ] (name: fake system name { });

  # The NixOS options that the module sets, with the types they have there.
  nixos.options = {
    assertions = mkOption {
      type = types.listOf (types.attrsOf any);
      default = [ ];
    };
    environment.etc = mkOption {
      type = types.attrsOf (types.submodule { options.source = mkOption { type = types.path; }; });
      default = { };
    };
    networking.firewall.allowedTCPPorts = mkOption {
      type = types.listOf types.port;
      default = [ ];
    };
    users.users = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options = {
            isSystemUser = mkOption {
              type = types.bool;
              default = false;
            };
            group = mkOption {
              type = types.str;
              default = "";
            };
            description = mkOption {
              type = types.str;
              default = "";
            };
          };
        }
      );
    };
    users.groups = mkOption {
      type = types.attrsOf (types.attrsOf any);
      default = { };
    };
    systemd.services = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule {
          options =
            lib.genAttrs [ "wantedBy" "wants" "after" ] (
              _:
              mkOption {
                type = types.listOf types.str;
                default = [ ];
              }
            )
            // {
              description = mkOption {
                type = types.str;
                default = "";
              };
              restartTriggers = mkOption {
                type = types.listOf any;
                default = [ ];
              };
              startLimitIntervalSec = mkOption { type = types.int; };
              startLimitBurst = mkOption { type = types.int; };
              environment = mkOption {
                type = types.attrsOf types.str;
                default = { };
              };
              serviceConfig = mkOption {
                type = types.attrsOf setting;
                default = { };
              };
            };
        }
      );
    };
  };
  any = {
    name = "anything";
    check = _: true;
    merge = _: builtins.head;
  };
  single = {
    name = "systemd setting";
    check = value: builtins.isString value || builtins.isInt value || builtins.isBool value;
    merge =
      path: values:
      if builtins.length values == 1 then
        builtins.head values
      else
        throw "The option `${builtins.concatStringsSep "." path}' has conflicting definitions";
  };
  setting = types.either (types.listOf single) single;

  render =
    key: value:
    if builtins.isList value then
      builtins.concatMap (render key) value
    else if builtins.isBool value then
      [ "${key}=${if value then "true" else "false"}" ]
    else
      [ "${key}=${toString value}" ];
  section =
    name: settings: [ "[${name}]" ] ++ builtins.concatLists (lib.mapAttrsToList render settings);
  unitText =
    service:
    builtins.concatStringsSep "\n" (
      section "Unit" {
        After = service.after;
        Description = service.description;
        StartLimitBurst = service.startLimitBurst;
        StartLimitIntervalSec = service.startLimitIntervalSec;
        Wants = service.wants;
      }
      ++ section "Service" (
        service.serviceConfig
        // {
          Environment = lib.mapAttrsToList (name: value: "${name}=${value}") service.environment;
        }
      )
    );

  nixosSystem =
    {
      modules,
      system ? "x86_64-linux",
    }:
    let
      evaluated = lib.evalModules {
        modules = [ nixos ] ++ modules;
        args.pkgs = packages system;
      };
      failed = builtins.filter (one: !one.assertion) evaluated.config.assertions;
    in
    {
      inherit (evaluated) options;
      config =
        if failed != [ ] then
          throw (builtins.head failed).message
        else
          evaluated.config
          // {
            systemd = evaluated.config.systemd // {
              units."portcullis.service".text = unitText evaluated.config.systemd.services.portcullis;
            };
          };
    };
in
{
  inherit lib;
  legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] packages;
}
