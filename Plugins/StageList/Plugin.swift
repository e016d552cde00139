import Foundation
import PackagePlugin

/// Writes the list of stages from the names of the files directly under `Sources/Stages`
/// (`Regrid.swift` declares `struct Regrid: Stage`), and that of the quantities that `derive` knows from the
/// files directly under `Sources/Stages/Derive`.
@main struct StageList: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    guard let module = target as? SourceModuleTarget else { return [] }
    let folder = module.directoryURL.standardizedFileURL.path
    func files(in folder: String) -> [URL] {
      module.sourceFiles(withSuffix: "swift").map(\.url)
        .filter { $0.deletingLastPathComponent().standardizedFileURL.path == folder }
        .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
    let stages = files(in: folder)
    let quantities = files(in: folder + "/Derive")
    func names(_ files: [URL]) -> [String] { files.map { $0.deletingPathExtension().lastPathComponent } }
    let output = context.pluginWorkDirectoryURL.appending(path: "AllStages.swift")
    return [
      .buildCommand(
        displayName: "Listing the stages",
        executable: try context.tool(named: "StageLister").url,
        arguments: [output.path] + names(stages) + ["--quantities"] + names(quantities),
        inputFiles: stages + quantities,
        outputFiles: [output])
    ]
  }
}
