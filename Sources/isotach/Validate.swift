import ArgumentParser
import GridFiles
import Inspection

struct Validate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a file against the CF and ACDD conventions.",
    discussion: """
      Checks against CF 1.11, with the standard-name table built in, and against the recommendations of ACDD \
      1.3. An error is a requirement that is not met; a warning is a recommendation that is not followed. The \
      header, all coordinates and their bounds are read; data are not.

      Exit codes: 0 no errors (there may be warnings), 1 errors, 65 the file cannot be read, 66 it is not there.
      """)

  @Argument(help: "A NetCDF or HDF5 file.", completion: .file()) var file: String
  @Flag(help: "Print JSON (schema isotach.validation/1).") var json = false
  @Flag(help: "Leave out the warnings; the last line still counts them.") var errorsOnly = false

  func validate() throws {
    if json && errorsOnly { throw ValidationError("--errors-only is for the text; the JSON has levels.") }
  }

  func run() async throws {
    let report = try await Validator.validate(SourceFile.open(file))
    Output.print(json ? report.json : report.text(showsWarnings: !errorsOnly))
    if !report.isValid { throw ExitCode(Exit.failed) }
  }
}
