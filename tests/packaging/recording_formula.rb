# frozen_string_literal: true

# As much of Homebrew's formula language as these formulas use, for a Ruby without Homebrew. It records what a formula
# says for one system and carries its install and test blocks out below a given prefix. What it does not know is an
# error. The rules are those of Homebrew's documentation (Formula Cookbook; API of Formula, Service and Pathname).
require "digest"
require "fileutils"
require "open3"
require "pathname"

# A folder that a formula installs into, as Homebrew's Pathname.
class InstallFolder < Pathname
  def +(other) = self.class.new(super)
  def /(other) = self + other.to_s

  def install(*names)
    mkpath
    names.each { |name| FileUtils.mv(name, target(Pathname.new(name))) }
  end

  def write(text)
    dirname.mkpath
    super
  end

  private

  def target(source) = self / source.basename
end

# etc: what is there already stays, and a default that differs lies beside it.
class ConfigFolder < InstallFolder
  private

  def target(source)
    file = super
    !file.exist? || FileUtils.identical?(source, file) ? file : Pathname.new("#{file}.default")
  end
end

# The service block.
class RecordedService
  SETTINGS = [
    :run, :require_root, :keep_alive, :throttle_interval, :process_type, :log_path, :error_log_path
  ].freeze
  attr_reader :settings

  def initialize(formula, &block)
    @formula = formula
    @settings = {}
    instance_eval(&block)
  end

  SETTINGS.each do |name|
    define_method(name) { |value| @settings[name] = value.is_a?(Array) ? value.map(&:to_s) : value }
  end
  [:opt_bin, :etc, :var].each { |folder| define_method(folder) { @formula.public_send(folder) } }
end

# The livecheck block: where newer versions are looked for.
class RecordedLivecheck
  attr_reader :settings

  def initialize(&block)
    @settings = {}
    instance_eval(&block)
  end

  [:url, :strategy].each { |name| define_method(name) { |value| @settings[name] = value } }
end

class Formula
  class << self
    # The system that the formula is read for.
    attr_accessor :os, :cpu
    attr_reader :loaded, :service_block, :test_block

    def inherited(formula)
      super
      Formula.instance_variable_set(:@loaded, formula)
    end

    [:desc, :homepage, :version, :license, :url, :sha256].each do |name|
      define_method(name) do |value = nil|
        facts[name] = value unless value.nil?
        facts[name]
      end
    end

    def facts = @facts ||= { depends_on: [] }
    def depends_on(name) = facts[:depends_on] << name
    def on_macos = (yield if Formula.os == "darwin")
    def on_linux = (yield if Formula.os == "linux")
    def on_arm = (yield if Formula.cpu == "arm64")
    def on_intel = (yield if Formula.cpu == "x64")
    def livecheck(&block) = facts[:livecheck] = RecordedLivecheck.new(&block).settings
    def service(&block) = @service_block = block
    def test(&block) = @test_block = block
  end

  attr_reader :testpath

  # @param root the folder that stands for HOMEBREW_PREFIX
  def initialize(root, testpath = nil)
    @root = Pathname.new(root)
    @testpath = testpath && InstallFolder.new(testpath)
  end

  def name = self.class.name.gsub(/(?<=.)([A-Z])/, '-\1').downcase
  def version = self.class.version
  def prefix = InstallFolder.new(@root + "Cellar" + name + version)
  def bin = prefix / "bin"
  def share = prefix / "share"
  def man1 = share / "man/man1"
  def pkgshare = share / name
  def opt_bin = @root + "opt" + name + "bin"
  def etc = ConfigFolder.new(@root + "etc")
  def var = @root + "var"

  def generate_completions_from_executable(*command)
    { bash: prefix / "etc/bash_completion.d" / name,
      zsh: share / "zsh/site-functions" / "_#{name}",
      fish: share / "fish/vendor_completions.d" / "#{name}.fish" }.each do |shell, file|
      output, status = Open3.capture2(*command.map(&:to_s), shell.to_s)
      raise "#{command.join(" ")} #{shell}: exit #{status.exitstatus}" unless status.success?

      file.write(output)
    end
  end

  # Unpacks an archive and runs the install block in it, then links the result as `opt`.
  def install_from(archive)
    found = Digest::SHA256.file(archive).hexdigest
    raise "#{archive} has #{found}, the formula says #{self.class.sha256}" unless found == self.class.sha256

    Dir.mktmpdir do |folder|
      Dir.chdir(folder) do
        system "tar", "-xzf", archive
        install
      end
    end
    (@root + "opt").mkpath
    FileUtils.ln_sf(prefix, @root + "opt" + name)
  end

  def run_test = instance_eval(&self.class.test_block)
  def recorded_service = self.class.service_block && RecordedService.new(self, &self.class.service_block).settings

  private

  def system(*command)
    Kernel.system(*command.map(&:to_s), out: :err) || raise("#{command.join(" ")}: #{$?.inspect}")
  end

  def shell_output(command, status = 0)
    output, result = Open3.capture2(command)
    raise "#{command}: exit #{result.exitstatus} instead of #{status}" unless result.exitstatus == status

    output
  end

  def assert_match(pattern, text)
    raise "#{text.inspect} does not match #{pattern.inspect}" unless text.match?(pattern.is_a?(String) ? Regexp.escape(pattern) : pattern)
  end
end
