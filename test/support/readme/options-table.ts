import { getMetadataStorage } from 'class-validator';
import ts from 'typescript';
import { OPTION_SECTIONS } from '../../../lib/resolve-immutable-log-options.js';
import { nodesOf, readLib } from '../source-files.js';

type OptionClass = (typeof OPTION_SECTIONS)[keyof typeof OPTION_SECTIONS];

/** A field of an option class, as its source has it. */
interface Field {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** Validators of a field by name, with what they were given. */
type Rules = ReadonlyMap<string, readonly unknown[]>;

/** The option classes as a Markdown table: names, validators, defaults and JSDoc, nothing else. */
export function optionsTable(): string {
  const rows = Object.entries(OPTION_SECTIONS).flatMap(([section, Section]) => rowsOf(section, Section));
  return ['| option | values | default | what it does |', '|---|---|---|---|', ...rows].join('\n');
}

function rowsOf(section: string, Section: OptionClass): string[] {
  const defaults = new Section() as unknown as Readonly<Record<string, unknown>>;
  return fieldsOf(Section.name).map((field) => {
    const path = section === '' ? field.name : `${section}.${field.name}`;
    const cells = [
      `\`${path}\``,
      valuesOf(field, rulesOf(Section, field.name)),
      literal(defaults[field.name]),
      field.doc,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
}

function fieldsOf(className: string): Field[] {
  const classes = readLib().flatMap((file) => nodesOf(file).filter((node) => ts.isClassDeclaration(node)));
  const found = classes.find((declaration) => declaration.name?.text === className);
  if (found === undefined) throw new Error(`No class ${className} in lib/`);
  return found.members
    .filter((member) => ts.isPropertyDeclaration(member))
    .map((member) => ({ name: member.name.getText(), type: member.type?.getText() ?? '', doc: docOf(member) }));
}

function docOf(member: ts.PropertyDeclaration): string {
  const comments = ts.getJSDocCommentsAndTags(member).map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '');
  return comments.join(' ').replace(/\s+/g, ' ').trim();
}

function rulesOf(Section: OptionClass, field: string): Rules {
  const metadata = getMetadataStorage().getTargetValidationMetadatas(Section, '', true, false);
  return new Map(
    metadata
      .filter(({ propertyName }) => propertyName === field)
      .map(({ name = '', constraints }) => [name, constraints as unknown[]]),
  );
}

function valuesOf({ type }: Field, rules: Rules): string {
  const choices = rules.get('isIn')?.[0];
  if (Array.isArray(choices)) return choices.map(literal).join(', ');
  if (rules.has('isInt')) return `integer, ${Number(rules.get('min')?.[0])} to ${Number(rules.get('max')?.[0])}`;
  if (rules.has('isFunction')) return 'function';
  if (rules.has('isHttpHeaders')) return 'object of strings';
  if (rules.has('isEndpointUrl')) return 'URL';
  return `\`${type.replace(/^readonly /, '')}\``;
}

function literal(value: unknown): string {
  if (value === undefined) return '–';
  return `\`${JSON.stringify(value).replaceAll('"', "'").replaceAll(',', ', ')}\``;
}
