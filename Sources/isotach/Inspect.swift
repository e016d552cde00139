import ArgumentParser
import GridFiles
import Inspection
import Networks

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a file, and what is wrong with it.",
    discussion: """
      First the fields as the CF conventions see them (grid, time, layers, packing, mask), then dimensions, \
      variables and attributes as they are stored, then what had to be assumed, what was not read, and what is \
      wrong. The header and all coordinates are read; data only with --missing. Of a safetensors file (the state of a \
      training): its tensors and texts. Of an ONNX model (*.onnx): its inputs, outputs, operators, parameters and \
      metadata, and the halo that tiles need.

      Exit codes: 0 done, whatever is wrong with the contents; 65 the file cannot be read, or has no such \
      variable; 66 it is not there.
      """)

  @Argument(help: "A NetCDF, HDF5, ONNX or safetensors file.", completion: .file()) var file: String
  @Flag(
    help: "Print JSON (schema isotach.inspection/1, of tensors isotach.tensors/1, of models isotach.onnx/1).")
  var json = false
  @Flag(
    help: "Read the data too: share of missing values, minimum, maximum and (unweighted) mean of each field.")
  var missing = false
  @Option(
    help: ArgumentHelp("Show only this variable: its name, path or CF standard name.", valueName: "name"))
  var variable: String?

  func run() async throws {
    if file.hasSuffix(".onnx") {
      guard variable == nil, !missing else {
        throw ValidationError("--variable and --missing are for fields, not for an ONNX model")
      }
      let report = try OnnxReport.read(file)
      return Output.print(json ? report.json : report.text)
    }
    if file.hasSuffix(".safetensors") || SafeTensorsFile.isLikely(file) {
      let report = try TensorsReport.read(file, tensor: variable, readsData: missing)
      return Output.print(json ? report.json : report.text)
    }
    let report = try await Inspector.inspect(SourceFile.open(file), variable: variable, readsData: missing)
    Output.print(json ? report.json : report.text)
  }
}
