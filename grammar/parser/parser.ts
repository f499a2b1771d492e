/**
 * @file The grammar: a Chevrotain parser that makes a concrete syntax tree of one declaration. It knows no field names.
 * No statement can begin with anything that continues an expression, so newlines carry no meaning, with two exceptions
 * that keep keywords contextual: a counted noun stands on the line of its number, and `learn`, `state` or `next` followed
 * by a name on the same line begins a statement.
 */
import { type CstNode, CstParser, EOF, type IToken, type ParserMethod, tokenMatcher, type TokenType } from "chevrotain";
import { expectationProvider } from "./expected.ts";
import { AddOp, allTokens, CmpOp, K, MulOp, Name, Noun, Num, P, Position, Text, Word } from "../syntax/tokens.ts";

type Rule = ParserMethod<[], CstNode>;

const sectionTokens = [K.data, K.tokenizer, K.model, K.train, K.eval, K.prompt, K.compare];
/** What a field or an equation goes on with: a noun before one of these is the name of the next one. */
const continuesName = new Set([P.Colon, P.Assign, P.LBrace, P.Dot, P.LBracket]);
const statementWords = new Set([K.learn, K.state, K.next]);

function onOneLine(a: IToken, b: IToken): boolean {
  return a.endLine === b.startLine;
}

export class LlmParser extends CstParser {
  constructor(options: { readonly validate: boolean; readonly recovery?: boolean }) {
    super(allTokens, {
      recoveryEnabled: options.recovery ?? true,
      maxLookahead: 3,
      nodeLocationTracking: "onlyOffset",
      skipValidations: !options.validate,
      errorMessageProvider: expectationProvider,
    });
    this.performSelfAnalysis();
  }

  readonly declaration: Rule = this.RULE("declaration", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importDeclaration) },
      { ALT: () => this.SUBRULE(this.callable) },
      { ALT: () => this.SUBRULE(this.section) },
      { ALT: () => this.SUBRULE(this.variant) },
    ]);
  });

  readonly importDeclaration: Rule = this.RULE("importDeclaration", () => {
    this.CONSUME(K.import);
    this.CONSUME(P.LBrace);
    this.OPTION(() => {
      this.CONSUME(Name);
      this.MANY(() => {
        this.CONSUME(P.Comma);
        this.CONSUME2(Name);
      });
      this.OPTION2(() => this.CONSUME2(P.Comma));
    });
    this.CONSUME(P.RBrace);
    this.CONSUME(K.from);
    this.OR([{ ALT: () => this.CONSUME(Word) }, { ALT: () => this.CONSUME(Text) }]);
  });

  readonly callable: Rule = this.RULE("callable", () => {
    this.OR([{ ALT: () => this.CONSUME(K.op) }, { ALT: () => this.CONSUME(K.block) }]);
    this.CONSUME(Name);
    this.OPTION(() => this.SUBRULE(this.dimParameters));
    this.SUBRULE(this.parameters);
    this.CONSUME(P.Arrow);
    this.AT_LEAST_ONE_SEP({ SEP: P.Comma, DEF: () => this.SUBRULE(this.result) });
    this.OPTION2(() => this.SUBRULE(this.constraints));
    this.CONSUME(P.LBrace);
    this.MANY(() => this.SUBRULE(this.statement));
    this.CONSUME(P.RBrace);
  });

  readonly dimParameters: Rule = this.RULE("dimParameters", () =>
    this.bracketed(P.LBracket, this.dimParameter, P.RBracket),
  );

  readonly dimParameter: Rule = this.RULE("dimParameter", () => {
    this.CONSUME(Name);
    this.OPTION(() => {
      this.CONSUME(P.Assign);
      this.SUBRULE(this.expression);
    });
  });

  readonly parameters: Rule = this.RULE("parameters", () => this.bracketed(P.LParen, this.parameter, P.RParen));

  readonly parameter: Rule = this.RULE("parameter", () => {
    this.CONSUME(Name);
    this.OPTION(() => {
      this.CONSUME(P.Colon);
      this.SUBRULE(this.type);
    });
    this.OPTION2(() => {
      this.CONSUME(P.Assign);
      this.SUBRULE(this.expression);
    });
  });

  readonly result: Rule = this.RULE("result", () => {
    this.OPTION({ GATE: () => tokenMatcher(this.LA(2), Name), DEF: () => this.CONSUME(K.next) });
    this.CONSUME(Name);
    this.OPTION2(() => {
      this.CONSUME(P.Colon);
      this.SUBRULE(this.type);
    });
  });

  readonly constraints: Rule = this.RULE("constraints", () => {
    this.CONSUME(K.where);
    this.AT_LEAST_ONE_SEP({ SEP: P.Comma, DEF: () => this.SUBRULE(this.expression) });
  });

  readonly type: Rule = this.RULE("type", () => {
    this.OR([
      {
        ALT: () => {
          this.SUBRULE(this.list);
          this.OPTION(() => {
            this.CONSUME(K.of);
            this.SUBRULE(this.expression);
          });
        },
      },
      { ALT: () => this.CONSUME(Word) },
    ]);
  });

  readonly statement: Rule = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.learn) },
      { ALT: () => this.SUBRULE(this.state) },
      { ALT: () => this.SUBRULE(this.dims) },
      { ALT: () => this.SUBRULE(this.equation) },
    ]);
  });

  readonly learn: Rule = this.RULE("learn", () => {
    this.CONSUME(K.learn);
    this.CONSUME(Name);
    this.CONSUME(P.Colon);
    this.SUBRULE(this.type);
    this.OPTION(() => {
      this.CONSUME(P.Assign);
      this.SUBRULE(this.expression);
    });
  });

  readonly state: Rule = this.RULE("state", () => {
    this.CONSUME(K.state);
    this.CONSUME(Name);
    this.CONSUME(P.Assign);
    this.SUBRULE(this.expression);
  });

  readonly dims: Rule = this.RULE("dims", () => {
    this.CONSUME(K.dims);
    this.CONSUME(P.LBrace);
    this.MANY(() => {
      this.SUBRULE(this.dimEntry);
      this.OPTION(() => this.CONSUME(P.Comma));
    });
    this.CONSUME(P.RBrace);
  });

  readonly dimEntry: Rule = this.RULE("dimEntry", () => {
    this.CONSUME(Name);
    this.CONSUME(P.Assign);
    this.SUBRULE(this.expression);
  });

  readonly equation: Rule = this.RULE("equation", () => {
    this.OPTION({ GATE: () => tokenMatcher(this.LA(2), Name), DEF: () => this.CONSUME(K.next) });
    this.CONSUME(Name);
    this.OPTION2(() => this.SUBRULE(this.list));
    this.CONSUME(P.Assign);
    this.SUBRULE(this.expression);
  });

  readonly section: Rule = this.RULE("section", () => {
    this.OR(sectionTokens.map((token) => ({ ALT: () => this.CONSUME(token) })));
    this.CONSUME(Name);
    this.OPTION(() => {
      this.CONSUME(P.Colon);
      this.SUBRULE(this.expression);
    });
    this.SUBRULE(this.body);
  });

  readonly variant: Rule = this.RULE("variant", () => {
    this.CONSUME(K.variant);
    this.CONSUME(Name);
    this.CONSUME(K.of);
    this.CONSUME2(Name);
    this.SUBRULE(this.body);
  });

  readonly body: Rule = this.RULE("body", () => {
    this.CONSUME(P.LBrace);
    this.MANY(() => {
      this.SUBRULE(this.field);
      this.OPTION(() => this.CONSUME(P.Comma));
    });
    this.CONSUME(P.RBrace);
  });

  readonly field: Rule = this.RULE("field", () => {
    this.CONSUME(Name);
    this.MANY(() => {
      this.CONSUME(P.Dot);
      this.OR([{ ALT: () => this.CONSUME2(Name) }, { ALT: () => this.CONSUME(Position) }]);
    });
    this.SUBRULE(this.content);
  });

  readonly content: Rule = this.RULE("content", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(P.Colon);
          this.SUBRULE(this.expression);
        },
      },
      {
        ALT: () => {
          this.CONSUME(P.Assign);
          this.SUBRULE2(this.expression);
        },
      },
      {
        ALT: () => {
          this.OPTION(() => this.OR2([{ ALT: () => this.CONSUME(Name) }, { ALT: () => this.CONSUME(Text) }]));
          this.SUBRULE(this.body);
        },
      },
    ]);
  });

  // Expressions, loosest first: -> |> .. or and not comparison sum product unary power postfix.
  readonly expression: Rule = this.RULE("expression", () => {
    this.SUBRULE(this.pipe);
    this.OPTION(() => {
      this.CONSUME(P.Arrow);
      this.SUBRULE2(this.pipe);
    });
  });

  readonly pipe: Rule = this.RULE("pipe", () => this.chain(this.range, P.Pipe));

  readonly range: Rule = this.RULE("range", () => {
    this.SUBRULE(this.disjunction);
    this.OPTION(() => {
      this.CONSUME(P.DotDot);
      this.SUBRULE2(this.disjunction);
    });
  });

  readonly disjunction: Rule = this.RULE("disjunction", () => this.chain(this.conjunction, K.or));

  readonly conjunction: Rule = this.RULE("conjunction", () => this.chain(this.negation, K.and));

  readonly negation: Rule = this.RULE("negation", () => {
    this.MANY(() => this.CONSUME(K.not));
    this.SUBRULE(this.comparison);
  });

  readonly comparison: Rule = this.RULE("comparison", () => {
    this.SUBRULE(this.sum);
    this.OPTION(() => {
      this.CONSUME(CmpOp);
      this.SUBRULE2(this.sum);
    });
  });

  readonly sum: Rule = this.RULE("sum", () => this.chain(this.product, AddOp));

  readonly product: Rule = this.RULE("product", () => this.chain(this.unary, MulOp));

  readonly unary: Rule = this.RULE("unary", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(P.Minus);
          this.SUBRULE(this.unary);
        },
      },
      { ALT: () => this.SUBRULE(this.power) },
    ]);
  });

  readonly power: Rule = this.RULE("power", () => {
    this.SUBRULE(this.postfix);
    this.OPTION(() => {
      this.CONSUME(P.Caret);
      this.SUBRULE(this.unary);
    });
  });

  readonly postfix: Rule = this.RULE("postfix", () => {
    this.SUBRULE(this.atom);
    this.MANY(() =>
      this.OR([
        { ALT: () => this.SUBRULE(this.indices) },
        { ALT: () => this.SUBRULE(this.callArguments) },
        { ALT: () => this.SUBRULE(this.member) },
      ]),
    );
  });

  readonly indices: Rule = this.RULE("indices", () => this.bracketed(P.LBracket, this.indexItem, P.RBracket));

  readonly indexItem: Rule = this.RULE("indexItem", () => {
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(K.in);
      this.SUBRULE2(this.expression);
    });
  });

  readonly callArguments: Rule = this.RULE("callArguments", () => this.bracketed(P.LParen, this.argument, P.RParen));

  readonly argument: Rule = this.RULE("argument", () => {
    this.OPTION(() => {
      this.CONSUME(Name);
      this.CONSUME(P.Colon);
    });
    this.SUBRULE(this.expression);
  });

  readonly member: Rule = this.RULE("member", () => {
    this.CONSUME(P.Dot);
    this.OR([{ ALT: () => this.CONSUME(Name) }, { ALT: () => this.CONSUME(Position) }]);
  });

  readonly atom: Rule = this.RULE("atom", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.conditional) },
      { ALT: () => this.SUBRULE(this.number) },
      { ALT: () => this.CONSUME(Text) },
      { GATE: () => !this.atStatement(), ALT: () => this.CONSUME(Word) },
      { ALT: () => this.SUBRULE(this.tuple) },
      { ALT: () => this.SUBRULE(this.list) },
    ]);
  });

  readonly conditional: Rule = this.RULE("conditional", () => {
    this.CONSUME(K.if);
    this.SUBRULE(this.expression);
    this.CONSUME(K.then);
    this.SUBRULE2(this.expression);
    this.CONSUME(K.else);
    this.SUBRULE3(this.expression);
  });

  readonly number: Rule = this.RULE("number", () => {
    this.CONSUME(Num);
    this.OPTION({ GATE: () => this.atCountedNoun(), DEF: () => this.CONSUME(Noun) });
  });

  readonly tuple: Rule = this.RULE("tuple", () => this.bracketed(P.LParen, this.expression, P.RParen));

  readonly list: Rule = this.RULE("list", () => this.bracketed(P.LBracket, this.expression, P.RBracket));

  /** Brackets around nothing, or around items with commas between them and perhaps one after the last. */
  private bracketed(open: TokenType, item: Rule, close: TokenType): void {
    this.CONSUME(open);
    this.OPTION(() => {
      this.SUBRULE(item);
      this.MANY(() => {
        this.CONSUME(P.Comma);
        this.SUBRULE2(item);
      });
      this.OPTION2(() => this.CONSUME2(P.Comma));
    });
    this.CONSUME(close);
  }

  private chain(operand: Rule, operator: TokenType): void {
    this.SUBRULE(operand);
    this.MANY(() => {
      this.CONSUME(operator);
      this.SUBRULE2(operand);
    });
  }

  private atStatement(): boolean {
    const [first, second] = [this.LA(1), this.LA(2)];
    return statementWords.has(first.tokenType) && tokenMatcher(second, Word) && onOneLine(first, second);
  }

  private atCountedNoun(): boolean {
    const [noun, after] = [this.LA(1), this.LA(2)];
    const number = this.LA(0);
    return onOneLine(number, noun) && (after.tokenType === EOF || !continuesName.has(after.tokenType));
  }
}
