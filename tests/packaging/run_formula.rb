# frozen_string_literal: true

# usage: ruby run_formula.rb facts|install|test FORMULA OS CPU PREFIX [ARCHIVE]
# Prints what came of it as one JSON object.
require "json"
require "tmpdir"
require_relative "recording_formula"

action, file, os, cpu, root, archive = ARGV
Formula.os = os
Formula.cpu = cpu
load file
formula_class = Formula.loaded

case action
when "facts"
  formula = formula_class.new(root)
  caveats = formula.respond_to?(:caveats) ? formula.caveats : nil
  puts JSON.generate(formula_class.facts.merge(caveats: caveats, service: formula.recorded_service))
when "install"
  formula_class.new(root).install_from(archive)
  puts JSON.generate({})
when "test"
  Dir.mktmpdir { |folder| formula_class.new(root, folder).run_test }
  puts JSON.generate({})
else
  abort "unknown action #{action}"
end
