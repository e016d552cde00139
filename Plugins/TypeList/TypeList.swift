import Foundation
import PackagePlugin

/// Writes the lists of types that a folder of files declares (`Regrid.swift` declares `struct Regrid: Stage`), so
/// that a new stage, layer or loss is one new file.
@main struct TypeList: BuildToolPlugin {
  /// The name of the list, the protocol, and the folder inside the module; only files directly in it count.
  private static let lists: [String: [(access: String, list: String, type: String, folder: String)]] = [
    "Stages": [
      ("public", "allStages", "Stage", ""), ("internal", "allQuantities", "Quantity", "/Derive"),
      ("internal", "allMetrics", "Metric", "/Metrics"),
    ],
    "ONNX": [
      ("internal", "allOperators", "OnnxOperator", "/Operators"),
      ("internal", "allCompositions", "OnnxWriting", "/Compositions"),
    ],
    "Networks": [
      ("public", "allLayers", "Layer", "/Layers"), ("public", "allModels", "Model", "/Models"),
      ("public", "allLosses", "Loss", "/Losses"),
      ("public", "allOptimisers", "Optimiser", "/Optimisers"),
      ("public", "allSchedules", "Schedule", "/Schedules"),
      ("public", "allInitialisers", "Initialiser", "/Initialisers"),
    ],
  ]

  /// In `ONNX` a type's name is that of the file behind a prefix: ONNX's own names (`Range`, `Shape`) are taken.
  private static let prefixes = ["ONNX": "Onnx"]

  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let module = target as? SourceModuleTarget, let lists = Self.lists[target.name] else { return [] }
    let prefix = Self.prefixes[target.name] ?? ""
    let root = module.directoryURL.standardizedFileURL.path
    let output = context.pluginWorkDirectoryURL.appending(path: "Lists.swift")
    var arguments = [output.path]
    var inputs: [URL] = []
    for (access, list, type, folder) in lists {
      let files = module.sourceFiles(withSuffix: "swift").map(\.url)
        .filter { $0.deletingLastPathComponent().standardizedFileURL.path == root + folder }
        .sorted { $0.lastPathComponent < $1.lastPathComponent }
      arguments +=
        ["--list", access, list, type] + files.map { prefix + $0.deletingPathExtension().lastPathComponent }
      inputs += files
    }
    return [
      .buildCommand(
        displayName: "Listing the files of \(target.name)",
        executable: try context.tool(named: "TypeLister").url,
        arguments: arguments, inputFiles: inputs, outputFiles: [output])
    ]
  }
}
