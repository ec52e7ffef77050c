export * from './student.ts';
