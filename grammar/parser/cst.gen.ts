/** @file Generated from the rules of parser.ts by scripts/generate.ts; do not edit. */
import type { CstNode, IToken } from "chevrotain";

export interface DeclarationCstNode extends CstNode {
  name: "declaration";
  children: DeclarationCstChildren;
}

export type DeclarationCstChildren = {
  importDeclaration?: ImportDeclarationCstNode[];
  callable?: CallableCstNode[];
  section?: SectionCstNode[];
  variant?: VariantCstNode[];
};

export interface ImportDeclarationCstNode extends CstNode {
  name: "importDeclaration";
  children: ImportDeclarationCstChildren;
}

export type ImportDeclarationCstChildren = {
  ImportWord?: IToken[];
  LBrace?: IToken[];
  Name?: IToken[];
  Comma?: IToken[];
  RBrace?: IToken[];
  FromWord?: IToken[];
  Word?: IToken[];
  Text?: IToken[];
};

export interface CallableCstNode extends CstNode {
  name: "callable";
  children: CallableCstChildren;
}

export type CallableCstChildren = {
  OpWord?: IToken[];
  BlockWord?: IToken[];
  Name?: IToken[];
  dimParameters?: DimParametersCstNode[];
  parameters?: ParametersCstNode[];
  Arrow?: IToken[];
  result?: ResultCstNode[];
  Comma?: IToken[];
  constraints?: ConstraintsCstNode[];
  LBrace?: IToken[];
  statement?: StatementCstNode[];
  RBrace?: IToken[];
};

export interface DimParametersCstNode extends CstNode {
  name: "dimParameters";
  children: DimParametersCstChildren;
}

export type DimParametersCstChildren = {
  LBracket?: IToken[];
  dimParameter?: DimParameterCstNode[];
  Comma?: IToken[];
  RBracket?: IToken[];
};

export interface DimParameterCstNode extends CstNode {
  name: "dimParameter";
  children: DimParameterCstChildren;
}

export type DimParameterCstChildren = {
  Name?: IToken[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface ParametersCstNode extends CstNode {
  name: "parameters";
  children: ParametersCstChildren;
}

export type ParametersCstChildren = {
  LParen?: IToken[];
  parameter?: ParameterCstNode[];
  Comma?: IToken[];
  RParen?: IToken[];
};

export interface ParameterCstNode extends CstNode {
  name: "parameter";
  children: ParameterCstChildren;
}

export type ParameterCstChildren = {
  Name?: IToken[];
  Colon?: IToken[];
  type?: TypeCstNode[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface ResultCstNode extends CstNode {
  name: "result";
  children: ResultCstChildren;
}

export type ResultCstChildren = {
  NextWord?: IToken[];
  Name?: IToken[];
  Colon?: IToken[];
  type?: TypeCstNode[];
};

export interface ConstraintsCstNode extends CstNode {
  name: "constraints";
  children: ConstraintsCstChildren;
}

export type ConstraintsCstChildren = {
  WhereWord?: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
};

export interface TypeCstNode extends CstNode {
  name: "type";
  children: TypeCstChildren;
}

export type TypeCstChildren = {
  list?: ListCstNode[];
  OfWord?: IToken[];
  expression?: ExpressionCstNode[];
  Word?: IToken[];
};

export interface StatementCstNode extends CstNode {
  name: "statement";
  children: StatementCstChildren;
}

export type StatementCstChildren = {
  learn?: LearnCstNode[];
  state?: StateCstNode[];
  dims?: DimsCstNode[];
  equation?: EquationCstNode[];
};

export interface LearnCstNode extends CstNode {
  name: "learn";
  children: LearnCstChildren;
}

export type LearnCstChildren = {
  LearnWord?: IToken[];
  Name?: IToken[];
  Colon?: IToken[];
  type?: TypeCstNode[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface StateCstNode extends CstNode {
  name: "state";
  children: StateCstChildren;
}

export type StateCstChildren = {
  StateWord?: IToken[];
  Name?: IToken[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface DimsCstNode extends CstNode {
  name: "dims";
  children: DimsCstChildren;
}

export type DimsCstChildren = {
  DimsWord?: IToken[];
  LBrace?: IToken[];
  dimEntry?: DimEntryCstNode[];
  Comma?: IToken[];
  RBrace?: IToken[];
};

export interface DimEntryCstNode extends CstNode {
  name: "dimEntry";
  children: DimEntryCstChildren;
}

export type DimEntryCstChildren = {
  Name?: IToken[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface EquationCstNode extends CstNode {
  name: "equation";
  children: EquationCstChildren;
}

export type EquationCstChildren = {
  NextWord?: IToken[];
  Name?: IToken[];
  list?: ListCstNode[];
  Assign?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface SectionCstNode extends CstNode {
  name: "section";
  children: SectionCstChildren;
}

export type SectionCstChildren = {
  DataWord?: IToken[];
  TokenizerWord?: IToken[];
  ModelWord?: IToken[];
  TrainWord?: IToken[];
  EvalWord?: IToken[];
  PromptWord?: IToken[];
  CompareWord?: IToken[];
  Name?: IToken[];
  Colon?: IToken[];
  expression?: ExpressionCstNode[];
  body?: BodyCstNode[];
};

export interface VariantCstNode extends CstNode {
  name: "variant";
  children: VariantCstChildren;
}

export type VariantCstChildren = {
  VariantWord?: IToken[];
  Name?: IToken[];
  OfWord?: IToken[];
  body?: BodyCstNode[];
};

export interface BodyCstNode extends CstNode {
  name: "body";
  children: BodyCstChildren;
}

export type BodyCstChildren = {
  LBrace?: IToken[];
  field?: FieldCstNode[];
  Comma?: IToken[];
  RBrace?: IToken[];
};

export interface FieldCstNode extends CstNode {
  name: "field";
  children: FieldCstChildren;
}

export type FieldCstChildren = {
  Name?: IToken[];
  Dot?: IToken[];
  Position?: IToken[];
  content?: ContentCstNode[];
};

export interface ContentCstNode extends CstNode {
  name: "content";
  children: ContentCstChildren;
}

export type ContentCstChildren = {
  Colon?: IToken[];
  expression?: ExpressionCstNode[];
  Assign?: IToken[];
  Name?: IToken[];
  Text?: IToken[];
  body?: BodyCstNode[];
};

export interface ExpressionCstNode extends CstNode {
  name: "expression";
  children: ExpressionCstChildren;
}

export type ExpressionCstChildren = {
  pipe?: PipeCstNode[];
  Arrow?: IToken[];
};

export interface PipeCstNode extends CstNode {
  name: "pipe";
  children: PipeCstChildren;
}

export type PipeCstChildren = {
  range?: RangeCstNode[];
  Pipe?: IToken[];
};

export interface RangeCstNode extends CstNode {
  name: "range";
  children: RangeCstChildren;
}

export type RangeCstChildren = {
  disjunction?: DisjunctionCstNode[];
  DotDot?: IToken[];
};

export interface DisjunctionCstNode extends CstNode {
  name: "disjunction";
  children: DisjunctionCstChildren;
}

export type DisjunctionCstChildren = {
  conjunction?: ConjunctionCstNode[];
  OrWord?: IToken[];
};

export interface ConjunctionCstNode extends CstNode {
  name: "conjunction";
  children: ConjunctionCstChildren;
}

export type ConjunctionCstChildren = {
  negation?: NegationCstNode[];
  AndWord?: IToken[];
};

export interface NegationCstNode extends CstNode {
  name: "negation";
  children: NegationCstChildren;
}

export type NegationCstChildren = {
  NotWord?: IToken[];
  comparison?: ComparisonCstNode[];
};

export interface ComparisonCstNode extends CstNode {
  name: "comparison";
  children: ComparisonCstChildren;
}

export type ComparisonCstChildren = {
  sum?: SumCstNode[];
  CmpOp?: IToken[];
};

export interface SumCstNode extends CstNode {
  name: "sum";
  children: SumCstChildren;
}

export type SumCstChildren = {
  product?: ProductCstNode[];
  AddOp?: IToken[];
};

export interface ProductCstNode extends CstNode {
  name: "product";
  children: ProductCstChildren;
}

export type ProductCstChildren = {
  unary?: UnaryCstNode[];
  MulOp?: IToken[];
};

export interface UnaryCstNode extends CstNode {
  name: "unary";
  children: UnaryCstChildren;
}

export type UnaryCstChildren = {
  Minus?: IToken[];
  unary?: UnaryCstNode[];
  power?: PowerCstNode[];
};

export interface PowerCstNode extends CstNode {
  name: "power";
  children: PowerCstChildren;
}

export type PowerCstChildren = {
  postfix?: PostfixCstNode[];
  Caret?: IToken[];
  unary?: UnaryCstNode[];
};

export interface PostfixCstNode extends CstNode {
  name: "postfix";
  children: PostfixCstChildren;
}

export type PostfixCstChildren = {
  atom?: AtomCstNode[];
  indices?: IndicesCstNode[];
  callArguments?: CallArgumentsCstNode[];
  member?: MemberCstNode[];
};

export interface IndicesCstNode extends CstNode {
  name: "indices";
  children: IndicesCstChildren;
}

export type IndicesCstChildren = {
  LBracket?: IToken[];
  indexItem?: IndexItemCstNode[];
  Comma?: IToken[];
  RBracket?: IToken[];
};

export interface IndexItemCstNode extends CstNode {
  name: "indexItem";
  children: IndexItemCstChildren;
}

export type IndexItemCstChildren = {
  expression?: ExpressionCstNode[];
  InWord?: IToken[];
};

export interface CallArgumentsCstNode extends CstNode {
  name: "callArguments";
  children: CallArgumentsCstChildren;
}

export type CallArgumentsCstChildren = {
  LParen?: IToken[];
  argument?: ArgumentCstNode[];
  Comma?: IToken[];
  RParen?: IToken[];
};

export interface ArgumentCstNode extends CstNode {
  name: "argument";
  children: ArgumentCstChildren;
}

export type ArgumentCstChildren = {
  Name?: IToken[];
  Colon?: IToken[];
  expression?: ExpressionCstNode[];
};

export interface MemberCstNode extends CstNode {
  name: "member";
  children: MemberCstChildren;
}

export type MemberCstChildren = {
  Dot?: IToken[];
  Name?: IToken[];
  Position?: IToken[];
};

export interface AtomCstNode extends CstNode {
  name: "atom";
  children: AtomCstChildren;
}

export type AtomCstChildren = {
  conditional?: ConditionalCstNode[];
  number?: NumberCstNode[];
  Text?: IToken[];
  Word?: IToken[];
  tuple?: TupleCstNode[];
  list?: ListCstNode[];
};

export interface ConditionalCstNode extends CstNode {
  name: "conditional";
  children: ConditionalCstChildren;
}

export type ConditionalCstChildren = {
  IfWord?: IToken[];
  expression?: ExpressionCstNode[];
  ThenWord?: IToken[];
  ElseWord?: IToken[];
};

export interface NumberCstNode extends CstNode {
  name: "number";
  children: NumberCstChildren;
}

export type NumberCstChildren = {
  Num?: IToken[];
  Noun?: IToken[];
};

export interface TupleCstNode extends CstNode {
  name: "tuple";
  children: TupleCstChildren;
}

export type TupleCstChildren = {
  LParen?: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
  RParen?: IToken[];
};

export interface ListCstNode extends CstNode {
  name: "list";
  children: ListCstChildren;
}

export type ListCstChildren = {
  LBracket?: IToken[];
  expression?: ExpressionCstNode[];
  Comma?: IToken[];
  RBracket?: IToken[];
};

