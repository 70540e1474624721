# Written by tools/formula.ts from packaging/homebrew/docker-accessor.rb.template.
class DockerAccessor < Formula
  desc "Join the container networks that a docker-connector exposes"
  homepage "https://example.org/connector"
  version "1.2.3"
  license "MIT"

  livecheck do
    url :stable
    strategy :github_latest
  end

  on_macos do
    on_arm do
      url "https://example.org/connector/releases/download/v1.2.3/docker-accessor-darwin-arm64.tar.gz"
      sha256 "5555555555555555555555555555555555555555555555555555555555555555"
    end

    on_intel do
      url "https://example.org/connector/releases/download/v1.2.3/docker-accessor-darwin-x64.tar.gz"
      sha256 "6666666666666666666666666666666666666666666666666666666666666666"
    end
  end

  on_linux do
    on_arm do
      url "https://example.org/connector/releases/download/v1.2.3/docker-accessor-linux-arm64.tar.gz"
      sha256 "7777777777777777777777777777777777777777777777777777777777777777"
    end

    on_intel do
      url "https://example.org/connector/releases/download/v1.2.3/docker-accessor-linux-x64.tar.gz"
      sha256 "8888888888888888888888888888888888888888888888888888888888888888"
    end
  end

  def install
    bin.install "docker-accessor"
    man1.install "docker-accessor.1"
    generate_completions_from_executable(bin/"docker-accessor", "completions")
  end

  def caveats
    <<~EOS
      Joining needs root to make an interface and routes. Ask for address and token, then:
        sudo docker-accessor run --remote HOST:PORT --token-file FILE

      To join now and at boot, write both into #{etc}/docker-accessor.env, mode 0600,
        DOCKER_ACCESSOR_REMOTE=HOST:PORT
        DOCKER_ACCESSOR_TOKEN=TOKEN
      and start the service with sudo:
        sudo brew services start docker-accessor

      Log: #{var}/log/docker-accessor.log
    EOS
  end

  service do
    run [opt_bin/"docker-accessor", "run", "--env-file", etc/"docker-accessor.env"]
    require_root true
    # launchd starts a faulty file's program again too; one that ended at once, after a minute.
    keep_alive true
    throttle_interval 60
    # The timers of a Standard job may be put off.
    process_type :interactive
    log_path var/"log/docker-accessor.log"
    error_log_path var/"log/docker-accessor.log"
  end

  test do
    assert_match "docker-accessor #{version} ", shell_output("#{bin}/docker-accessor --version")
    assert_match "Usage: docker-accessor", shell_output("#{bin}/docker-accessor --help")
  end
end
