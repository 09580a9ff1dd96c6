# What the module must give for configurations that are right, and refuse for those that are not.
let
  nixpkgs = import ./nixpkgs-stub;
  inherit (nixpkgs) lib;
  directives = import ./unit.nix;
  system =
    settings:
    lib.nixosSystem {
      modules = [
        ../../nixos-module
        {
          services.portcullis = {
            enable = true;
          }
          // settings;
        }
      ];
    };
  config = settings: (system settings).config;
  unit = settings: (config settings).systemd.units."portcullis.service".text;
  service = settings: directives (unit settings) "Service";
  toml =
    settings:
    builtins.fromJSON (
      builtins.readFile (config settings).environment.etc."portcullis/config.toml".source
    );
  added = settings: builtins.filter (line: !(builtins.elem line (service { }))) (service settings);

  committed = builtins.readFile ../../dist/portcullis.service;
  # Without a store path in it, a rendered unit may be compared with the committed one.
  expect = name: found: wanted: {
    inherit name;
    value = {
      inherit found wanted;
      ok = found == wanted;
    };
  };
in
{
  # name -> { found; wanted; ok; }
  accepted = builtins.listToAttrs [
    (expect "the committed unit is the module's [Service]" (directives committed "Service") (
      service { }
    ))
    (expect "the committed unit is the module's [Unit]" (directives committed "Unit") (
      directives (unit { }) "Unit"
    ))
    (expect "nothing is there unless enabled" (config { enable = false; }).systemd.services { })
    (expect "the defaults are loopback" (toml { }) {
      server = {
        host = "127.0.0.1";
        port = 8000;
      };
    })
    (expect "settings are passed on"
      (toml {
        settings.jira = {
          url = "https://jira.example.com";
          personal_token = "cred://jira-token";
        };
      }).jira
      {
        url = "https://jira.example.com";
        personal_token = "cred://jira-token";
      }
    )
    (expect "a default can be replaced" (toml { settings.server.port = 9000; }).server {
      host = "127.0.0.1";
      port = 9000;
    })
    (expect "policies set the directory" (toml { policies = "/etc/portcullis/policies"; }).policy {
      directory = "/etc/portcullis/policies";
    })
    (expect "credentials become LoadCredential" (added {
      credentials.jira-token = "/run/secrets/jira";
    }) [ "LoadCredential=jira-token:/run/secrets/jira" ])
    (expect "an environment file is used" (added { environmentFile = "/run/secrets/env"; }) [
      "EnvironmentFile=/run/secrets/env"
    ])
    (expect "allowed addresses are used" (added { allowedAddresses = [ "any" ]; }) [
      "IPAddressAllow=any"
    ])
    (expect "the firewall stays closed"
      (config { settings.server.host = "0.0.0.0"; }).networking.firewall.allowedTCPPorts
      [ ]
    )
    (expect "the firewall is opened on demand"
      (config {
        openFirewall = true;
        settings.server.host = "0.0.0.0";
      }).networking.firewall.allowedTCPPorts
      [ 8000 ]
    )
    (expect "an operator may tune a limit" (
      directives
        (lib.nixosSystem {
          modules = [
            ../../nixos-module
            {
              services.portcullis.enable = true;
              systemd.services.portcullis.serviceConfig.TasksMax = 64;
            }
          ];
        }).config.systemd.units."portcullis.service".text
        "Service" == service { }
    ) false)
    (expect "a reference is no secret"
      (toml {
        settings.vault = {
          token = "cred://vault";
          secret_id_file = "/run/id";
        };
      }).vault
      {
        token = "cred://vault";
        secret_id_file = "/run/id";
      }
    )
  ];

  # name -> { run; because; }: `run` must fail with a message that has `because` in it.
  rejected = {
    misspelt-option = {
      run = unit { credential.jira-token = "/run/secrets/jira"; };
      because = "services.portcullis.credential' does not exist";
    };
    wrong-type-of-port = {
      run = toml { settings.server.port = "8000"; };
      because = "settings.server.port' is not of type";
    };
    function-in-settings = {
      run = toml { settings.jira.url = x: x; };
      because = "settings.jira.url' is not of type";
    };
    null-in-settings = {
      run = toml { settings.jira.url = null; };
      because = "settings.jira.url' is not of type";
    };
    credential-in-store = {
      run = unit { credentials.jira-token = "${builtins.storeDir}/abc-secrets/jira"; };
      because = "credentials: a secret must not be in the Nix store";
    };
    credential-by-path-literal = {
      run = unit { credentials.jira-token = ./cases.nix; };
      because = "credentials.jira-token' is not of type";
    };
    credential-by-relative-path = {
      run = unit { credentials.jira-token = "secrets/jira"; };
      because = "credentials.jira-token' is not of type";
    };
    environment-file-in-store = {
      run = unit { environmentFile = "${builtins.storeDir}/abc-env"; };
      because = "environmentFile: a secret must not be in the Nix store";
    };
    environment-file-by-path-literal = {
      run = unit { environmentFile = ./cases.nix; };
      because = "environmentFile' is not of type";
    };
    secret-in-settings = {
      run = unit { settings.jira.personal_token = "hunter2"; };
      because = "secret in: jira.personal_token";
    };
    secret-file-in-store = {
      run = unit { settings.jira.api_token = "${builtins.storeDir}/abc-token"; };
      because = "secret in: jira.api_token";
    };
    firewall-on-loopback = {
      run = unit { openFirewall = true; };
      because = "openFirewall has no effect";
    };
    privileged-port = {
      run = unit { settings.server.port = 443; };
      because = "no capability to listen below 1024";
    };
    relative-policies = {
      run = toml { policies = "policies"; };
      because = "portcullis.policies' is not of type";
    };
    conflicting-directive = {
      run =
        (lib.nixosSystem {
          modules = [
            ../../nixos-module
            {
              services.portcullis.enable = true;
              systemd.services.portcullis.serviceConfig.UMask = "0022";
            }
          ];
        }).config.systemd.units."portcullis.service".text;
      because = "serviceConfig.UMask' has conflicting definitions";
    };
  };
}
