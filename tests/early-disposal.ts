import { relative } from 'node:path';
import ts from 'typescript';

/**
 * Where a `using` frees what a promise still needs: in the scope of a `using`, a `return` of a promise that is not awaited.
 * The function returns at once, disposes, and the work goes on with freed memory.
 * @returns `file:line: what is returned`, in the order of the program's files.
 */
export function earlyDisposals(program: ts.Program, root: string): string[] {
  const checker = program.getTypeChecker();
  const found: string[] = [];
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile || !/\busing\s/.test(file.text)) continue;
    for (const node of returnsWithinUsing(file)) {
      if (!isThenable(checker, checker.getTypeAtLocation(node))) continue;
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      const where = `${relative(root, file.fileName).replaceAll('\\', '/')}:${line + 1}`;
      found.push(`${where}: return ${node.getText(file).split('\n')[0]}`);
    }
  }
  return found;
}

/** Expressions that are returned while something of the same function is held by `using`. */
function returnsWithinUsing(file: ts.SourceFile): ts.Expression[] {
  const found: ts.Expression[] = [];
  const visit = (node: ts.Node, held: boolean): void => {
    if (ts.isFunctionLike(node)) held = false;
    if (ts.isForStatement(node) || ts.isForOfStatement(node)) held ||= isUsing(node.initializer);
    if (held && ts.isReturnStatement(node) && node.expression) found.push(node.expression);
    // A `using` holds from its statement to the end of its block.
    node.forEachChild((child) => {
      if (ts.isVariableStatement(child)) held ||= isUsing(child.declarationList);
      visit(child, held);
    });
  };
  visit(file, false);
  return found;
}

function isUsing(node: ts.Node | undefined): boolean {
  if (!node || !ts.isVariableDeclarationList(node)) return false;
  const kind = node.flags & ts.NodeFlags.BlockScoped;
  return kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing;
}

function isThenable(checker: ts.TypeChecker, type: ts.Type): boolean {
  const kinds = type.isUnion() ? type.types : [checker.getBaseConstraintOfType(type) ?? type];
  return kinds.some((kind) => {
    const then = kind.getProperty('then');
    return then !== undefined && checker.getTypeOfSymbol(then).getCallSignatures().length > 0;
  });
}
